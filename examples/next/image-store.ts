import { createImageStore, type ImageStore } from "@image-store/client";

let store: ImageStore | undefined;

/** The store, with the key of the server. One for all requests, so that they reuse its shares. Only server code imports this file. */
export function imageStore(): ImageStore {
  return (store ??= createImageStore({ url: process.env.IMAGE_STORE_URL!, key: process.env.IMAGE_STORE_KEY! }));
}
