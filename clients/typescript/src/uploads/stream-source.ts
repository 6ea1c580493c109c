import { ImageStoreError } from "../http/errors";
import { MAX_REQUEST_BYTES } from "./sources";

/** Reads a stream to its end. Throws `unsupported_source` if it is larger than one request, or cannot be read. */
export async function bytesInStream(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Blob> {
  if (stream.locked) throw new ImageStoreError("unsupported_source", "The stream is being read already.");
  const reader = stream.getReader();
  const stop = () => void reader.cancel(signal?.reason).catch(() => undefined);
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop(); // while this module was loaded
  try {
    const chunks: BlobPart[] = [];
    for (let size = 0; size <= MAX_REQUEST_BYTES; ) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return new Blob(chunks);
      size += value.byteLength;
      if (Number.isNaN(size)) throw new TypeError("It yields something else than a Uint8Array.");
      chunks.push(value as Uint8Array<ArrayBuffer>);
    }
  } catch (cause) {
    signal?.throwIfAborted();
    stop();
    throw new ImageStoreError("unsupported_source", "The stream cannot be read.", { cause });
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  stop();
  throw new ImageStoreError(
    "unsupported_source",
    "A stream has at most 4 MB, because it cannot be sent again after a failure. " +
      "Read a larger one first: `await new Response(stream).blob()`.",
  );
}
