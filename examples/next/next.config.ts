import { join } from "node:path";
import type { NextConfig } from "next";

export default {
  images: { deviceSizes: [640, 1280, 2048], imageSizes: [] }, // the widths of the store's presets
  experimental: { serverActions: { bodySizeLimit: "20mb" } }, // uploads through the server
  turbopack: { root: join(import.meta.dirname, "../..") }, // the client is built beside this example
} satisfies NextConfig;
