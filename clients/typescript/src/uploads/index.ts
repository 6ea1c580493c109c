import type { ImageAttributes, OnDuplicate } from "../api/types";
import { randomKey } from "../http/idempotency-keys";
import { stopUnder } from "../http/signals";
import type { Transport } from "../http/transport";
import type { ImageOfUpload } from "./image-of-upload";
import { uploadFromUrl, uploadInRequest } from "./in-request";
import type { UploadManyOptions, UploadManyResult } from "./many";
import { pendingUpload } from "./pending-upload";
import type { OnProgress } from "./progress";
import { MAX_REQUEST_BYTES, readSource, type UploadSource } from "./sources";

export type { ImageOfUpload } from "./image-of-upload";
export type { UploadManyOptions, UploadManyProgress, UploadManyResult, UploadState } from "./many";
export type { UploadPhase, UploadProgress } from "./progress";
export type { UploadSource } from "./sources";

/** What a new image has besides its bytes. */
export type UploadAttributes = Omit<ImageAttributes, "on_duplicate">;

export interface UploadOptions {
  /** If it throws, the upload ends and throws the same. Then the image is stored only if all bytes had been sent. */
  onProgress?: OnProgress | undefined;
  /** Ends the upload, which then throws the reason of the signal. */
  signal?: AbortSignal | undefined;
  /**
   * Names this upload for a day. A second upload with the same key and content returns the first image.
   * Default: a random one, so that calling again stores another image.
   */
  idempotencyKey?: string | undefined;
  /** What to do if you have an image with these bytes. Default: `keep` both. Not with an upload token. */
  onDuplicate?: OnDuplicate | undefined;
}

export interface Uploads {
  /**
   * Stores an image and returns it.
   *
   * Up to 4 MB are sent in one request, more go directly to storage. A file that is no accepted picture is refused
   * before anything is sent. Failures of the network are repeated and never store a second image.
   *
   * After an abort there is no image, unless the abort came so late that the store had all bytes already.
   * Throws ImageStoreError, for example `unsupported_media_type`, `payload_too_large` or `quota_exceeded`.
   */
  upload(source: UploadSource, attributes?: UploadAttributes, options?: UploadOptions): Promise<ImageOfUpload>;
  /**
   * Stores many images with the same attributes, five at a time, and returns the result of each in the order of the
   * sources. One that fails does not stop the others.
   *
   * An abort ends all and throws the reason of the signal; what was stored by then stays.
   */
  uploadMany(
    sources: Iterable<UploadSource>,
    attributes?: UploadAttributes,
    options?: UploadManyOptions,
  ): Promise<UploadManyResult>;
}

export function createUploads(transport: Transport): Uploads {
  const upload: Uploads["upload"] = async (source, attributes, options = {}) => {
    const { onProgress } = options;
    const stop = stopUnder(options.signal);
    let mistake: { error: unknown } | undefined;
    const report: OnProgress | undefined =
      onProgress &&
      ((progress) => {
        try {
          onProgress(progress);
        } catch (error) {
          // Thrown here, it would seem to be a failure of the network, and the bytes would be sent again.
          mistake ??= { error };
          if (progress.phase !== "finishing") stop.abort(error);
        }
      });
    try {
      const image = await send(source, attributes, { ...options, signal: stop.signal, onProgress: report });
      if (mistake) throw mistake.error;
      return image;
    } finally {
      stop.release();
    }
  };

  const send: Uploads["upload"] = async (source, attributes = {}, options = {}) => {
    const { onProgress, signal, idempotencyKey = randomKey(), onDuplicate } = options;
    signal?.throwIfAborted();
    const picture = await readSource(source, signal);
    signal?.throwIfAborted();
    const all = { ...attributes, ...(onDuplicate === undefined ? {} : { on_duplicate: onDuplicate }) };
    if (picture instanceof URL) {
      onProgress?.({ phase: "finishing", loaded: 0, total: 0 });
      return uploadFromUrl(transport, picture, { attributes: all, idempotencyKey, signal });
    }
    const pending = pendingUpload(transport, { picture, attributes: all, idempotencyKey, signal }, onProgress);
    if (picture.size <= MAX_REQUEST_BYTES) return uploadInRequest(transport, pending);
    const { uploadDirectly } = await import("./direct"); // most pages never need it
    return uploadDirectly(transport, pending, options.idempotencyKey === undefined);
  };
  return {
    upload,
    uploadMany: async (sources, attributes, options) => {
      const each = [...sources]; // as they are now
      return (await import("./many")).uploadEach(upload, each, attributes, options);
    },
  };
}
