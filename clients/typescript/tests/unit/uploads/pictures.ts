/** Bytes that begin as a JPEG; a fake store does not look further. */
export const JPEG = Uint8Array.from("\xff\xd8\xff\xe0\0\x10JFIF and more", (character) => character.charCodeAt(0));

/** The same with zeros up to a size in bytes. */
export function withSize(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  bytes.set(JPEG);
  return bytes;
}

/** The smallest size of a direct upload. */
export const LARGE_BYTES = 4_000_001;
