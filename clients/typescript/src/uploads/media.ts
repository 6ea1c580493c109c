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

const REFUSED: [RegExp, string][] = [
  [/^[^]{4}ftyp(?:he|mif1|msf1)/, "a HEIC photo"],
  [/^[^]{4}ftyp/, "a video"],
  [/^%PDF/, "a PDF"],
  [/^(?:II\*\0|MM\0\*)/, "a TIFF picture"],
  [/^(?:\xff\x0a|\0\0\0\x0cJXL )/, "a JPEG XL picture"],
  [/^8BPS/, "a Photoshop file"],
  [/^BM/, "a BMP picture"],
  [/^[^]{0,3}\s*(?:<[?!][^]*)?<svg/i, "an SVG drawing"],
  [/^[\t\n\r -~]+$/, "a text"],
];

/**
 * Recognizes the format of a file by its first bytes; what its name or its sender says does not count.
 *
 * Throws `unsupported_media_type` for a format that the store does not take, and `invalid_request` for no bytes.
 */
export function mediaTypeOf(head: Uint8Array, name = "The source"): MediaType {
  if (head.length === 0) throw new ImageStoreError("invalid_request", `${name} is empty.`);
  let text = String.fromCharCode(...head.subarray(0, HEAD_BYTES));
  // The brands end with the first box of the file, and the box begins with its size.
  if (text.startsWith("ftyp", 4)) text = text.slice(0, new DataView(head.buffer, head.byteOffset).getUint32(0));
  const accepted = ACCEPTED.find(([signature]) => signature.test(text));
  if (accepted) return accepted[1];
  const kind = REFUSED.find(([signature]) => signature.test(text))?.[1] ?? "no picture";
  throw new ImageStoreError(
    "unsupported_media_type",
    `${name} is ${kind}. The store takes JPEG, PNG, GIF, WebP and AVIF: convert it first.`,
  );
}
