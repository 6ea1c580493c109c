import { createImageStore, type ImageStore, type Share } from "@image-store/client";

/** The store, with the key of the server. Only server code imports this file. */
export function imageStore(): ImageStore {
  return createImageStore({ url: process.env.IMAGE_STORE_URL!, key: process.env.IMAGE_STORE_KEY! });
}

const MARGIN_MS = 10 * 60_000;
const shares = new Map<string, Share>();

/** Shares all images of a user for an hour with whoever sees the page. Requests within that hour use the same share. */
export async function shareOf(user: string): Promise<Share> {
  const known = shares.get(user);
  if (known && Date.parse(known.expires_at) - Date.now() > MARGIN_MS) return known;
  const share = await imageStore().as(user).share({ all: true, expiresIn: 3600, name: "Gallery" });
  shares.set(user, share);
  return share;
}
