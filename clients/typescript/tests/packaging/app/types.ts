// Compiled, never run: the types of every entry resolve, and a wrong use does not compile.
import { createImageStore, ImageStoreError, type ErrorCode, type Image } from "@image-store/client";
import { imageLoader } from "@image-store/client/next";
import { StoredImage, useImages, type StoredImageProps } from "@image-store/client/react";
import { uploadTokenFrom, uploadTokenRoute } from "@image-store/client/upload-tokens";
import { verify, WebhookVerificationError, type Event } from "@image-store/client/webhooks";

const store = createImageStore({ url: "https://images.example.com", key: "isk_1" });

export const title = async (id: string): Promise<string | null> => (await store.images.get(id)).title;
export const upload = (file: Blob): Promise<Image> => store.upload(file, { alt_text: "A lake", tags: ["lake"] });
export const codeOf = (error: unknown): ErrorCode | undefined => (error instanceof ImageStoreError ? error.code : undefined);
export const POST = uploadTokenRoute(store, { authorize: async () => ({ owner: "alice", max_images: 1 }) });
export const page = createImageStore({ url: "https://images.example.com", uploadToken: uploadTokenFrom("/api/upload-token") });
export const idOf = async (request: Request, secret: string): Promise<string | null> => {
  const event: Event = await verify(request, secret, { toleranceSeconds: 60 });
  return event.type === "image.created" ? event.data.image_id : null;
};
export const reason = (error: unknown): string => (error instanceof WebhookVerificationError ? error.code : "another");
export const address: string = imageLoader({ src: "/logo.png", width: 640 });
export const property: StoredImageProps["image"] = "019ca945-0a00-7000-8000-000000000001";
export const parts = [StoredImage, useImages] as const;

// @ts-expect-error - a store has a key or a token, not both
createImageStore({ url: "https://images.example.com", key: "isk_1", token: "jwt" });
// @ts-expect-error - no such attribute
void store.upload(new Blob(), { colour: "red" });
// @ts-expect-error - an owner is needed, or null
uploadTokenRoute(store, { authorize: async () => ({ max_images: 1 }) });
// @ts-expect-error - a parsed body has no signature
void verify({ headers: {}, body: { id: "1" } }, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
