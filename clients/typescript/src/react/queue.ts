import type { Image } from "../api/types";
import { ImageStoreError, type ErrorCode } from "../http/errors";
import { randomKey } from "../http/keys";
import type { ImageStore } from "../store";
import type { UploadAttributes, UploadOptions, UploadPhase } from "../uploads";
import { failureOf, type Failure } from "./failures";
import { createObservable } from "./observable";

/** One file of an upload list. */
export interface FileUpload {
  id: string;
  file: File;
  attributes: UploadAttributes | undefined;
  status: "waiting" | "uploading" | "stored" | "failed" | "cancelled";
  /** What is done while it is `uploading`. In `finishing` all bytes are sent, and the store processes them. */
  phase?: UploadPhase | undefined;
  /** The part that was sent, from 0 to 1. */
  progress: number;
  /** The stored image. */
  image?: Image | undefined;
  /** Why it failed. */
  error?: Failure | undefined;
  /** Whether `retry` can send it: it was cancelled, or failed for a reason that may pass. */
  canRetry: boolean;
}

export interface QueueOptions {
  /** What every image gets, or a function of its file. */
  attributes?: UploadAttributes | ((file: File) => UploadAttributes) | undefined;
  /** What to do if you have an image with the same bytes. Default: `keep` both. */
  onDuplicate?: UploadOptions["onDuplicate"];
  /** Media types that are accepted. Default: all that the store accepts. */
  accept?: readonly string[] | undefined;
  /** Is called with every image that was stored. */
  onStored?: ((image: Image) => void) | undefined;
}

const MOST_AT_ONCE = 5;

/** Errors of the file or the page itself. The same upload would fail again. */
const LASTING: readonly ErrorCode[] = [
  "attributes_too_large",
  "duplicate_image",
  "image_too_large",
  "invalid_image",
  "invalid_request",
  "payload_too_large",
  "too_many_frames",
  "unsupported_media_type",
  "unsupported_source",
  "upload_not_allowed",
];

function isRetryable({ status, error }: FileUpload): boolean {
  if (status === "failed") return !(error instanceof ImageStoreError && LASTING.includes(error.code));
  return status === "cancelled";
}

export type UploadQueue = ReturnType<typeof createQueue>;

/** Makes a queue that sends five files at once. `latest` returns the options of the last render. */
export function createQueue(latest: () => QueueOptions & { store: ImageStore }) {
  const controllers = new Map<string, AbortController>();
  const queue = createObservable({ files: [] as readonly FileUpload[] }, () => cancelAll);

  const find = (id: string) => queue.get().files.find((upload) => upload.id === id);

  function change(id: string, { phase, ...changes }: Partial<FileUpload>) {
    const changed = (upload: FileUpload) => {
      const next = { ...upload, ...changes, phase };
      return { ...next, canRetry: isRetryable(next) };
    };
    queue.set({ files: queue.get().files.map((upload) => (upload.id === id ? changed(upload) : upload)) });
  }

  function sendWaiting() {
    const { files } = queue.get();
    let places = MOST_AT_ONCE - files.filter(({ status }) => status === "uploading").length;
    for (const upload of files) if (upload.status === "waiting" && places-- > 0) void send(upload);
  }

  async function send({ id, file, attributes }: FileUpload) {
    const controller = new AbortController();
    const { signal } = controller;
    const { store, accept, onDuplicate } = latest();
    controllers.set(id, controller);
    change(id, { status: "uploading" });
    let image: Image | undefined;
    try {
      await undefined; // also a refusal comes after the others have begun
      // Some systems do not know the type of a file; the store looks at its bytes.
      if (accept && file.type && !accept.includes(file.type)) {
        throw new ImageStoreError("unsupported_media_type", `Choose ${accept.join(", ")}.`);
      }
      image = await store.upload(file, attributes, {
        signal,
        onDuplicate,
        idempotencyKey: id,
        onProgress: ({ loaded, total, phase }) => change(id, { phase, progress: phase === "hashing" ? 0 : loaded / total }),
      });
      change(id, { status: "stored", progress: 1, image });
    } catch (error) {
      change(id, signal.aborted ? { status: "cancelled" } : { status: "failed", error: failureOf(error) });
    }
    sendWaiting();
    if (image) latest().onStored?.(image);
  }

  function add(files: Iterable<File>) {
    const { attributes } = latest();
    const added = Array.from(files, (file) => ({
      id: randomKey(),
      file,
      attributes: typeof attributes === "function" ? attributes(file) : attributes,
      status: "waiting" as const,
      progress: 0,
      canRetry: false,
    }));
    queue.set({ files: [...queue.get().files, ...added] });
    sendWaiting();
  }

  function cancel(id: string) {
    if (find(id)?.status === "waiting") change(id, { status: "cancelled" });
    controllers.get(id)?.abort();
  }

  function cancelAll() {
    for (const { id } of queue.get().files) cancel(id);
  }

  function retry(id: string) {
    if (!find(id)?.canRetry) return;
    change(id, { status: "waiting", progress: 0, error: undefined });
    sendWaiting();
  }

  function remove(id: string) {
    cancel(id);
    queue.set({ files: queue.get().files.filter((upload) => upload.id !== id) });
  }

  return { ...queue, add, cancel, retry, remove };
}
