// Bundles the entries of the built package as an app does, and prints as JSON for each entry: its bytes after gzip, without
// what it loads lazily, and the modules that stay outside of the bundle.
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

const ENTRIES = process.argv.slice(2); // such as "core=index" or "react=index,react/index"
const PEERS = /^(react|react-dom|next)(\/|$)/;

const result = {};
for (const entry of ENTRIES) {
  const [name, files] = entry.split("=");
  result[name] = await measure(files.split(","));
}
console.log(JSON.stringify(result));

async function measure(files) {
  const chunks = await bundle(files.map((file) => `export * from "${process.cwd()}/dist/${file}.js";`).join("\n"));
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const loaded = new Set();
  const load = (fileName) => {
    if (loaded.has(fileName) || !byName.has(fileName)) return;
    loaded.add(fileName);
    byName.get(fileName).imports.forEach(load);
  };
  chunks.filter((chunk) => chunk.isEntry).forEach((chunk) => load(chunk.fileName));
  const imports = chunks.flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports]);
  return {
    bytes: [...loaded].reduce((sum, fileName) => sum + gzipSync(byName.get(fileName).code, { level: 9 }).length, 0),
    outside: [...new Set(imports.filter((fileName) => !byName.has(fileName)))].sort(),
  };
}

async function bundle(code) {
  const entry = "\0entry";
  const plugin = {
    name: "entry",
    resolveId: (id) => (id === entry ? entry : undefined),
    load: (id) => (id === entry ? code : undefined),
  };
  // As in the build of an app, lazy chunks may import what they share with the entry from the entry.
  const preserveEntrySignatures = "allow-extension";
  const bundler = await rolldown({ input: entry, plugins: [plugin], external: PEERS, platform: "browser", preserveEntrySignatures });
  const { output } = await bundler.generate({ format: "esm", minify: true });
  return output.filter((file) => file.type === "chunk");
}
