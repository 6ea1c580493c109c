import { createImageStore, type ImageStore } from "@image-store/client";

export type Settings = { IMAGE_STORE_URL: string; IMAGE_STORE_KEY: string };

let store: ImageStore | undefined;

/** The store, with the key of this backend. One for all requests, so that they reuse its shares. `as` acts for a user. */
export function imageStore({ IMAGE_STORE_URL, IMAGE_STORE_KEY }: Settings): ImageStore {
  return (store ??= createImageStore({ url: IMAGE_STORE_URL, key: IMAGE_STORE_KEY }));
}
