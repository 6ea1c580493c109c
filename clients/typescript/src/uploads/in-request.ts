import type { Image, ImageAttributes } from "../api/types";
import type { Transport } from "../http/transport";
import { imageOfUpload, type ImageOfUpload } from "./image-of-upload";
import type { PendingUpload } from "./pending-upload";

/** Uploads a small picture with its attributes in one request. A repeat under the same key stores nothing again. */
export async function uploadInRequest(transport: Transport, pending: PendingUpload): Promise<ImageOfUpload> {
  const { picture, attributes, idempotencyKey, signal, fetch, timeoutSeconds } = pending;
  const body = new FormData();
  // A form names every file. The store ignores an empty name, and a name here is not one that the caller has set.
  body.append("file", new Blob([picture.bytes], { type: picture.contentType }), picture.filename ?? "");
  body.append("attributes", JSON.stringify(attributes));
  const options = { body, idempotencyKey, signal, fetch, timeoutSeconds };
  return imageOfUpload(await transport.request<Image>("POST", "/v1/images", options));
}

/** Lets the store fetch a picture from a public address. */
export async function uploadFromUrl(
  transport: Transport,
  url: URL,
  options: { attributes: ImageAttributes; idempotencyKey: string; signal: AbortSignal | undefined },
): Promise<ImageOfUpload> {
  const { attributes, ...rest } = options;
  const json = { ...attributes, source: { url: url.href } };
  return imageOfUpload(await transport.request<Image>("POST", "/v1/images", { json, ...rest }));
}
