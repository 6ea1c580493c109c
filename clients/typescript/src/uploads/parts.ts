import { readable, readRange, type Bytes } from "./bytes";

const PART_BYTES = 1024 * 1024;

/**
 * Reads bytes in parts of at most 1 MiB; other tasks run between two parts. A part is valid until the next one is read.
 *
 * Throws `source_changed` for a file that was changed or removed meanwhile.
 */
export async function* partsOf(bytes: Bytes): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const part of bytes instanceof Blob ? partsOfBlob(bytes) : partsOfArray(bytes)) {
    yield part;
    await otherTasks();
  }
}

function* partsOfArray(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let start = 0; start < bytes.byteLength; start += PART_BYTES) yield bytes.subarray(start, start + PART_BYTES);
}

/** Reads into one buffer, where the platform allows that: a browser would keep some 60 MiB of used buffers. */
async function* partsOfBlob(blob: Blob): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = readerInto(blob);
  if (reader === undefined) {
    for (let start = 0; start < blob.size; start += PART_BYTES) yield readRange(blob, start, start + PART_BYTES);
    return;
  }
  let buffer = new ArrayBuffer(PART_BYTES);
  try {
    for (;;) {
      const { done, value } = await readable(reader.read(new Uint8Array(buffer)));
      if (done) return;
      yield value;
      buffer = value.buffer;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

function readerInto(blob: Blob): ReadableStreamBYOBReader | undefined {
  try {
    return blob.stream().getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

/** Lets other tasks run, such as those of a page. Browsers delay a timer in a page that is not shown. */
async function otherTasks(): Promise<void> {
  if (typeof MessageChannel !== "function") return;
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(undefined);
  });
  port1.close();
}
