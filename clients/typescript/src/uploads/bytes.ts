import { ImageStoreError } from "../http/errors";

/** Bytes that can be read more than once. */
export type Bytes = Blob | Uint8Array<ArrayBuffer>;

export const lengthOf = (bytes: Bytes): number => (bytes instanceof Blob ? bytes.size : bytes.byteLength);

/**
 * Reads a part of some bytes. In a browser other tasks run meanwhile, also if the bytes are in memory.
 *
 * Throws `unsupported_source` for a file that was changed or removed since it was chosen.
 */
export async function readPart(bytes: Bytes, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  const part = bytes instanceof Blob ? bytes.slice(start, end) : new Blob([bytes.subarray(start, end)]);
  try {
    return new Uint8Array(await part.arrayBuffer());
  } catch (cause) {
    throw new ImageStoreError("unsupported_source", "The file cannot be read: it was changed or removed.", { cause });
  }
}
