// `rollup --config --dir FOLDER`, run here, writes the page to FOLDER/index.html and what it loads to FOLDER/assets.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

// Later ones win.
const STYLES = [
  "base",
  "controls",
  "shell",
  "gallery",
  "selection",
  "viewer",
  "viewing",
  "screens",
  "figures",
  "places",
  "shares",
  "generation",
  "account",
  "tray",
];

// SAM builds a copy of this folder, in which no packages are: they are where Rollup is.
const rollup = realpathSync(process.argv[1]);
const packaged = createRequire(rollup);
const { nodeResolve } = packaged("@rollup/plugin-node-resolve");
const terser = packaged("@rollup/plugin-terser");
const packages = rollup.slice(0, rollup.lastIndexOf("node_modules") + "node_modules".length);

const sources = readdirSync(".", { recursive: true })
  .filter((name) => /\.(js|mjs|css|svg|html|json)$/.test(name) && !name.includes("node_modules"))
  .sort();
const digest = createHash("sha256");
for (const name of sources) digest.update(`${name}\0`).update(readFileSync(name));
const version = digest.digest("hex").slice(0, 16);

/** The page and its other files. Addresses carry the version, which file names do not. */
const page = {
  name: "page",
  generateBundle(_, bundle) {
    for (const file of Object.values(bundle)) file.fileName = file.fileName.split("?")[0];
    const html = readFileSync("index.html", "utf8")
      .replace('<script src="/early.js"></script>', () => `<script>${readFileSync("frame/early.js", "utf8")}</script>`)
      .replace(/"(\/assets\/[a-z-]+\.(?:js|css|svg))"/g, `"$1?v=${version}"`);
    const styles = STYLES.map((name) => readFileSync(`styles/${name}.css`, "utf8")).join("\n");
    this.emitFile({ type: "asset", fileName: "index.html", source: html });
    this.emitFile({ type: "asset", fileName: "assets/console.css", source: styles });
    this.emitFile({ type: "asset", fileName: "assets/mark.svg", source: readFileSync("mark.svg") });
  },
};

const LIBHEIF = `${packages}/libheif-js/libheif-wasm`;

/** The program that opens HEIC, and the library that it loads, as its makers built it: its licence asks for that. */
const heif = {
  name: "heif",
  generateBundle() {
    for (const [name, file] of [
      ["heif-worker.js", "uploads/heif-worker.js"],
      ["libheif.js", `${LIBHEIF}/libheif.js`],
      ["libheif.wasm", `${LIBHEIF}/libheif.wasm`],
      ["libheif-license.txt", `${LIBHEIF}/LICENSE`],
    ])
      this.emitFile({ type: "asset", fileName: `assets/${name}`, source: readFileSync(file) });
  },
};

/** The scripts besides the entry. What both use is in the first of them, which a visit loads before the other. */
const LATER = ["looking", "rest"];

/** The script of a module: the entry if that needs it at once, else the first of the later ones that needs it. */
function scriptOf(id, { getModuleInfo }) {
  const script = ["main", ...LATER].find((name) => needs(resolve(`frame/${name}.js`), getModuleInfo).has(id));
  return LATER.includes(script) ? script : null;
}

/** What a module imports, and what that does, with itself. */
function needs(id, getModuleInfo, found = new Set()) {
  if (found.has(id)) return found;
  found.add(id);
  for (const one of getModuleInfo(id).importedIds) needs(one, getModuleInfo, found);
  return found;
}

export default {
  input: "frame/main.js",
  preserveEntrySignatures: false, // The later scripts import from the entry what both need.
  output: {
    entryFileNames: `assets/[name].js?v=${version}`,
    chunkFileNames: `assets/[name].js?v=${version}`,
    minifyInternalExports: false,
    manualChunks: scriptOf,
    onlyExplicitManualChunks: true,
  },
  plugins: [nodeResolve({ browser: true, modulePaths: [packages] }), terser({ module: true }), page, heif],
  onwarn: (warning) => {
    throw new Error(warning.message); // A circle of imports, for example.
  },
};
