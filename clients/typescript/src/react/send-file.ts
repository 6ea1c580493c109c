import { ImageStoreError, type ErrorCode } from "../http/errors";
import type { ImageStore } from "../store";
import type { UploadOptions } from "../uploads";
import { failureOf, type Failure } from "./failures";
import type { FileUpload, QueueOptions } from "./queue";

/** What is wrong with a request, its size, its type or its contents. The same upload would fail again. */
const LASTING_STATUSES: readonly unknown[] = [400, 413, 415, 422];
const LASTING_CODES: readonly ErrorCode[] = ["duplicate_image", "source_changed", "unsupported_source", "upload_not_allowed"];

type SendOptions = QueueOptions & Pick<UploadOptions, "onProgress" | "signal"> & { store: ImageStore };

/** Sends one file of an upload list, and returns what has become of it. It never throws. */
export async function sendFile(
  { id, file, attributes }: FileUpload,
  { store, accept, onDuplicate, onProgress, signal }: SendOptions,
): Promise<Partial<FileUpload>> {
  try {
    // Some systems do not know the type of a file; the store looks at its bytes.
    if (accept && file.type && !accept.includes(file.type)) {
      throw new ImageStoreError("unsupported_media_type", `Choose ${accept.join(", ")}.`);
    }
    const image = await store.upload(file, attributes, { signal, onDuplicate, idempotencyKey: id, onProgress });
    return { status: "stored", progress: 1, image };
  } catch (reason) {
    if (signal?.aborted) return { status: "cancelled", canRetry: true };
    const error = failureOf(reason);
    return { status: "failed", error, canRetry: !isLasting(error) };
  }
}

function isLasting(error: Failure): boolean {
  if (!(error instanceof ImageStoreError)) return false;
  return LASTING_STATUSES.includes(error.status) || LASTING_CODES.includes(error.code);
}
