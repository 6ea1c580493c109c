import { lengthOf, readRange, type Bytes } from "./bytes";
import { partsOf } from "./parts";

const MAX_WHOLE_BYTES = 8 * 1024 * 1024;

/**
 * Computes the SHA-256 of a file in lower-case hexadecimal; `onRead` gets the number of bytes that were read.
 *
 * Web Crypto takes only whole buffers. So a file over 8 MiB is read in parts and hashed by a library, which is loaded
 * then. In memory are at most 16 MiB beyond the file.
 */
export async function sha256Of(
  bytes: Bytes,
  { onRead, signal }: { onRead: (loaded: number) => void; signal: AbortSignal | undefined },
): Promise<string> {
  const size = lengthOf(bytes);
  // A page without https has no Web Crypto.
  if (size <= MAX_WHOLE_BYTES && globalThis.crypto?.subtle !== undefined) {
    const digest = await crypto.subtle.digest("SHA-256", await readRange(bytes, 0, size));
    onRead(size);
    return hexOf(new Uint8Array(digest));
  }
  const { sha256 } = await import("@noble/hashes/sha2.js");
  const hash = sha256.create();
  let loaded = 0;
  for await (const part of partsOf(bytes)) {
    hash.update(part);
    onRead((loaded += part.byteLength));
    signal?.throwIfAborted();
  }
  return hexOf(hash.digest());
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
