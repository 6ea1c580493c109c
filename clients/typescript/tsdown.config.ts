import { defineConfig } from "tsdown";

export default defineConfig({
  // The components and the loader are entries of their own, so that they keep their directive "use client".
  entry: [
    "src/index.ts",
    "src/react/index.ts",
    "src/next/index.ts",
    "src/next/image-loader.ts",
    "src/upload-tokens/index.ts",
    "src/batches/index.ts",
    "src/groups/index.ts",
    "src/webhooks/index.ts",
  ],
  format: "esm",
  platform: "neutral",
  target: "es2022",
  dts: true,
  minify: false, // apps minify; until then stack traces are readable
  clean: true,
  outExtensions: () => ({ js: ".js", dts: ".d.ts" }),
  logLevel: "warn",
});
