import { lengthOf, readPart, type Bytes } from "./bytes";

const MAX_WHOLE_BYTES = 8 * 1024 * 1024;
const PART_BYTES = 1024 * 1024;

/**
 * Computes the SHA-256 of a file in lower-case hexadecimal; `onRead` gets the number of bytes that were read.
 *
 * Web Crypto takes only whole buffers. So a larger file is read in parts and hashed by a library, which is loaded then.
 * This holds at most 16 MiB beyond the file, and a page can react between two parts.
 */
export async function sha256Of(
  bytes: Bytes,
  { onRead, signal }: { onRead: (loaded: number) => void; signal: AbortSignal | undefined },
): Promise<string> {
  const size = lengthOf(bytes);
  // A page without https has no Web Crypto.
  if (size <= MAX_WHOLE_BYTES && globalThis.crypto?.subtle !== undefined) {
    const digest = await crypto.subtle.digest("SHA-256", await readPart(bytes, 0, size));
    onRead(size);
    return hexOf(new Uint8Array(digest));
  }
  const { sha256 } = await import("@noble/hashes/sha2.js");
  const hash = sha256.create();
  for (let start = 0; start < size; start += PART_BYTES) {
    const end = Math.min(start + PART_BYTES, size);
    hash.update(await readPart(bytes, start, end));
    await othersRun();
    signal?.throwIfAborted();
    onRead(end);
  }
  return hexOf(hash.digest());
}

/** Lets other tasks run. In browsers the reading of a Blob does; in Node it does not. */
async function othersRun(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (done: () => void) => void };
  if (setImmediate) await new Promise<void>((resolve) => setImmediate(resolve));
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
