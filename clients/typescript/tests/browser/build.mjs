// Builds pages of docs/react.md, as a server renders them: `node build.mjs FOLDER REACT`, REACT is 18 or 19.
import { writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "vite";

const PARTS = ["album", "gallery", "upload", "generate"];
const [root, version] = process.argv.slice(2);
const packages = fileURLToPath(new URL("../../node_modules/", import.meta.url));
const shared = {
  root,
  base: "./",
  configFile: false,
  logLevel: "warn",
  // Strict Mode and React's warnings exist only here.
  mode: "development",
  define: { "process.env.NODE_ENV": '"development"' },
  resolve: {
    alias: version === "18" ? [{ find: /^react(-dom)?(?=$|\/)/, replacement: `${packages}react$1-18` }] : [],
  },
};

await build({ ...shared, ssr: { noExternal: true }, build: { ssr: "server.tsx", outDir: `server-${version}` } });
const { render } = await import(pathToFileURL(`${root}/server-${version}/server.mjs`).href);
for (const part of PARTS) {
  const html = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Images</title><link rel="icon" href="data:,"></head>
  <body>
    <div id="root" data-part="${part}">${render(part)}</div>
    <script type="module" src="./client.tsx"></script>
  </body>
</html>`;
  await writeFile(`${root}/${part}.html`, html);
}
const input = PARTS.map((part) => `${root}/${part}.html`);
await build({ ...shared, build: { outDir: `react-${version}`, minify: false, rolldownOptions: { input } } });
