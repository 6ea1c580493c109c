// `rollup --config --dir FOLDER`, run here, writes the page to FOLDER/index.html and what it loads to FOLDER/assets.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";

const STYLES = ["base", "controls", "shell", "gallery", "viewer", "viewing", "screens", "figures"]; // Later ones win.

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

export default {
  input: "frame/main.js",
  preserveEntrySignatures: false, // The second script imports from the first what both need.
  output: {
    entryFileNames: `assets/[name].js?v=${version}`,
    chunkFileNames: `assets/[name].js?v=${version}`,
    minifyInternalExports: false,
  },
  plugins: [page],
  onwarn: (warning) => {
    throw new Error(warning.message); // A circle of imports, for example.
  },
};
