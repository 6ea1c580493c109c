import type { Image, ImageAttributes } from "../api/types";
import type { Transport } from "../http/transport";
import type { Sending } from "./sending";

/** Uploads a small picture with its attributes in one request. A repeat under the same key stores nothing again. */
export async function uploadInRequest(transport: Transport, sending: Sending): Promise<Image> {
  const { picture, attributes, idempotencyKey, signal, fetch, timeoutSeconds } = sending;
  const body = new FormData();
  // A form names every file. The store ignores an empty name, and a name here is not one that the caller has set.
  body.append("file", new Blob([picture.bytes], { type: picture.contentType }), picture.filename ?? "");
  body.append("attributes", JSON.stringify(attributes));
  const options = { body, idempotencyKey, signal, fetch, timeoutSeconds };
  return (await transport.request<Image>("POST", "/v1/images", options)).data;
}

/** Lets the store fetch a picture from a public address. */
export async function uploadFromUrl(
  transport: Transport,
  url: URL,
  options: { attributes: ImageAttributes; idempotencyKey: string; signal: AbortSignal | undefined },
): Promise<Image> {
  const { attributes, ...rest } = options;
  const json = { ...attributes, source: { url: url.href } };
  return (await transport.request<Image>("POST", "/v1/images", { json, ...rest })).data;
}
