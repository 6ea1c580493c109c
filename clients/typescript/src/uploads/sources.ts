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
  if (source instanceof ReadableStream) {
    const { bytesInStream } = await import("./stream-source"); // few pages need this or base64
    return pictureIn(await bytesInStream(source, signal));
  }
  if (source instanceof ArrayBuffer) return pictureIn(new Uint8Array(source));
  if (ArrayBuffer.isView(source)) return pictureIn(source as Uint8Array<ArrayBuffer>);
  if (hasText(source, "url")) return addressIn(source.url);
  if (hasText(source, "base64")) return pictureIn((await import("./text-sources")).bytesInBase64(source.base64));
  if (hasText(source, "data_uri")) return pictureIn((await import("./text-sources")).bytesInDataUri(source.data_uri));
  throw new ImageStoreError(
    "unsupported_source",
    "Upload a Blob, File, Uint8Array, ArrayBuffer, ReadableStream, URL, { url }, { base64 } or { data_uri }.",
  );
}

function hasText<K extends string>(source: unknown, name: K): source is Record<K, string> {
  return typeof (source as Record<string, unknown> | null | undefined)?.[name] === "string";
}

async function pictureIn(source: Bytes): Promise<Picture> {
  const size = lengthOf(source);
  const filename = hasText(source, "name") && source.name !== "" ? source.name : undefined;
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
