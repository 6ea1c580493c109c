import { defineConfig } from "tsdown";

export default defineConfig({
  // The loader is an entry of its own, so that it keeps its directive "use client".
  entry: ["src/index.ts", "src/next/index.ts", "src/next/image-loader.ts"],
  format: "esm",
  platform: "neutral",
  target: "es2022",
  dts: true,
  minify: true,
  clean: true,
  outExtensions: () => ({ js: ".js", dts: ".d.ts" }),
  logLevel: "warn",
});
