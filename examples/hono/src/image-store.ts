import { createImageStore, type ImageStore, type Share } from "@image-store/client";

export type Settings = { IMAGE_STORE_URL: string; IMAGE_STORE_KEY: string };

/** The store, with the key of this backend. `as` acts for a user. */
export function imageStore({ IMAGE_STORE_URL, IMAGE_STORE_KEY }: Settings): ImageStore {
  return createImageStore({ url: IMAGE_STORE_URL, key: IMAGE_STORE_KEY });
}

const MARGIN_MS = 10 * 60_000;
const shares = new Map<string, Share>();

/** Shares all images of a user for an hour with whoever sees the page. Requests within that hour use the same share. */
export async function shareOf(store: ImageStore, user: string): Promise<Share> {
  const known = shares.get(user);
  if (known && Date.parse(known.expires_at) - Date.now() > MARGIN_MS) return known;
  const share = await store.as(user).share({ all: true, expiresIn: 3600, name: "Gallery" });
  shares.set(user, share);
  return share;
}
