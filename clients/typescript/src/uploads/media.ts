import type { MediaType } from "../api/types";
import { ImageStoreError } from "../http/errors";

/** How many bytes of a file its format is read from. */
export const HEAD_BYTES = 512;

export const ACCEPTED: [RegExp, MediaType][] = [
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^\x89PNG\r\n\x1a\n/, "image/png"],
  [/^GIF8[79]a/, "image/gif"],
  [/^RIFF[^]{4}WEBP/, "image/webp"],
  // ISO/IEC 23000-22: the major brand, a version, then the compatible brands.
  [/^[^]{4}ftyp(?:avi[fs]|[^]{8}(?:[^]{4})*?avi[fs])/, "image/avif"],
];

/**
 * Recognizes the format of a file by its first bytes; what its name or its sender says does not count.
 *
 * Throws `unsupported_media_type` for a format that the store does not take, and `invalid_request` for no bytes.
 */
export async function mediaTypeOf(head: Uint8Array, name = "The source"): Promise<MediaType> {
  if (head.length === 0) throw new ImageStoreError("invalid_request", `${name} is empty.`);
  let text = String.fromCharCode(...head.subarray(0, HEAD_BYTES));
  // The brands end with the first box of the file, and the box begins with its size.
  if (text.startsWith("ftyp", 4)) text = text.slice(0, new DataView(head.buffer, head.byteOffset).getUint32(0));
  const accepted = ACCEPTED.find(([signature]) => signature.test(text));
  if (accepted) return accepted[1];
  const { refusalOf } = await import("./refusals"); // most uploads never need it
  throw refusalOf(text, name);
}
