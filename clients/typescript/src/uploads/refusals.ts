import { ImageStoreError } from "../http/errors";

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

/** Makes the error of a file that the store does not take. `head` has the first bytes of the file as characters. */
export function refusalOf(head: string, name: string): ImageStoreError {
  const kind = REFUSED.find(([signature]) => signature.test(head))?.[1] ?? "no picture";
  return new ImageStoreError(
    "unsupported_media_type",
    `${name} is ${kind}. The store takes JPEG, PNG, GIF, WebP and AVIF: convert it first.`,
  );
}
