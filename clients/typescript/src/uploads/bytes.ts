import { ImageStoreError } from "../http/errors";

/** Bytes that can be read more than once. */
export type Bytes = Blob | Uint8Array<ArrayBuffer>;

export const lengthOf = (bytes: Bytes): number => (bytes instanceof Blob ? bytes.size : bytes.byteLength);

/** Reads a range of some bytes. Throws `source_changed` for a file that was changed or removed meanwhile. */
export async function readRange(bytes: Bytes, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  if (!(bytes instanceof Blob)) return bytes.subarray(start, end);
  return new Uint8Array(await readable(bytes.slice(start, end).arrayBuffer()));
}

/** Makes the error of a file that was changed or removed while it was uploaded. */
export const sourceChanged = (cause?: unknown): ImageStoreError =>
  new ImageStoreError("source_changed", "The file was changed or removed while it was uploaded.", { cause });

/** Waits for bytes of a file. Throws `source_changed` if they cannot be read. */
export async function readable<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    throw sourceChanged(cause);
  }
}
