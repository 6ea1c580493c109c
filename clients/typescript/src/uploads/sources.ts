import type { MediaType } from "../api/types";
import { ImageStoreError } from "../http/errors";
import { lengthOf, readRange, type Bytes } from "./bytes";
import { HEAD_BYTES, mediaTypeOf } from "./media";

/** The largest image in one request, which carries about 4.5 MB; larger ones go directly to storage. */
export const MAX_REQUEST_BYTES = 4_000_000;

/** The largest image of any store. A deployment may take less, and says so before the bytes are sent. */
const MAX_BYTES = 100 * 1024 * 1024;

/**
 * What can be uploaded: a `Blob` or `File`, bytes in memory (also a Node `Buffer`), a stream, base64, or a data URI.
 * The store itself fetches a `URL`, from a public address.
 *
 * An image has at most 100 MiB, and a stream at most 4 MB because it cannot be sent again after a failure.
 */
export type UploadSource =
  | Blob
  | Uint8Array
  | ArrayBuffer
  | ReadableStream<Uint8Array>
  | URL
  | { url: string }
  | { base64: string }
  | { data_uri: string };

/** A picture to send. If it fits into one request, its bytes are in memory. */
export interface Picture {
  bytes: Bytes;
  size: number;
  contentType: MediaType;
  /** The name of a `File`. */
  filename: string | undefined;
}

/** Returns the bytes of a source as far as they are known before it is read: 0 for a stream, a URL or a text. */
export function sizeOf(source: UploadSource): number {
  const { size, byteLength } = (source ?? {}) as { size?: number; byteLength?: number };
  return size ?? byteLength ?? 0;
}

/**
 * Reads the picture in a source, or the address of one.
 *
 * Throws `unsupported_media_type`, `payload_too_large`, `invalid_request` (no bytes, broken base64) or
 * `unsupported_source`.
 */
export async function readSource(source: UploadSource, signal: AbortSignal | undefined): Promise<Picture | URL> {
  if (source instanceof URL) return source;
  if (source instanceof Blob) return pictureIn(source);
  if (source instanceof ReadableStream) return pictureIn(await collect(source, signal));
  if (source instanceof ArrayBuffer) return pictureIn(new Uint8Array(source));
  if (ArrayBuffer.isView(source)) return pictureIn(source as Uint8Array<ArrayBuffer>);
  if (has(source, "url")) return addressIn(source.url);
  if (has(source, "base64")) return pictureIn(decode(source.base64));
  if (has(source, "data_uri")) return pictureIn(bytesIn(source.data_uri));
  throw new ImageStoreError(
    "unsupported_source",
    "Upload a Blob, File, Uint8Array, ArrayBuffer, ReadableStream, URL, { url }, { base64 } or { data_uri }.",
  );
}

function has<K extends string>(source: unknown, name: K): source is Record<K, string> {
  return typeof (source as Record<string, unknown> | null | undefined)?.[name] === "string";
}

async function pictureIn(source: Bytes): Promise<Picture> {
  const size = lengthOf(source);
  const filename = has(source, "name") && source.name !== "" ? source.name : undefined;
  if (size > MAX_BYTES) {
    const detail = `${filename ?? "The source"} is too large: an image has at most 100 MiB.`;
    throw new ImageStoreError("payload_too_large", detail);
  }
  const isSmall = size <= MAX_REQUEST_BYTES;
  const start = await readRange(source, 0, isSmall ? size : HEAD_BYTES);
  return { bytes: isSmall ? start : source, size, contentType: await mediaTypeOf(start, filename), filename };
}

function addressIn(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw new ImageStoreError("invalid_request", `This is not a complete URL: ${text}`, { cause });
  }
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return bytesOf(atob(base64));
  } catch (cause) {
    const detail = "The base64 text is broken. Send a data URI as { data_uri }.";
    throw new ImageStoreError("invalid_request", detail, { cause });
  }
}

/** Reads a data URI (RFC 2397). The security policy of a page may forbid to fetch it. */
function bytesIn(uri: string): Uint8Array<ArrayBuffer> {
  const [, head = "", text] = /^\s*data:([^,]*),(.*)$/is.exec(uri) ?? [];
  if (text === undefined) {
    throw new ImageStoreError("invalid_request", "A data URI begins like `data:image/png;base64,`.");
  }
  const plain = text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
  return /;\s*base64\s*$/i.test(head) ? decode(plain) : bytesOf(plain);
}

function bytesOf(binary: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

async function collect(stream: ReadableStream<Uint8Array>, signal: AbortSignal | undefined): Promise<Blob> {
  if (stream.locked) throw new ImageStoreError("unsupported_source", "The stream is being read already.");
  const reader = stream.getReader();
  const stop = () => void reader.cancel(signal?.reason).catch(() => undefined);
  signal?.addEventListener("abort", stop, { once: true });
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
