import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts"],
  format: "esm",
  platform: "neutral",
  target: "es2022",
  dts: true,
  minify: true,
  clean: true,
  outExtensions: () => ({ js: ".js", dts: ".d.ts" }),
  logLevel: "warn",
});
