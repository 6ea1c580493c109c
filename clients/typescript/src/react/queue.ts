import { randomKey } from "../http/idempotency-keys";
import type { ImageStore } from "../store";
import type { ImageOfUpload, UploadAttributes, UploadOptions, UploadPhase, UploadProgress } from "../uploads";
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
  image?: ImageOfUpload | undefined;
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
  onStored?: ((image: ImageOfUpload) => void) | undefined;
}

const MOST_AT_ONCE = 5;

export type UploadQueue = ReturnType<typeof createQueue>;

/** Makes a queue that sends five files at once. `latest` returns the options of the last render. */
export function createQueue(latest: () => QueueOptions & { store: ImageStore }) {
  const controllers = new Map<string, AbortController>();
  const queue = createObservable({ files: [] as readonly FileUpload[] }, () => cancelAll);

  const find = (id: string) => queue.get().files.find((upload) => upload.id === id);

  /** Changes a file. A phase, and that a retry may help, last until the next change. */
  function change(id: string, changes: Partial<FileUpload>) {
    const next = { phase: undefined, canRetry: false, ...changes };
    queue.set({ files: queue.get().files.map((upload) => (upload.id === id ? { ...upload, ...next } : upload)) });
  }

  function sendWaiting() {
    const { files } = queue.get();
    let places = MOST_AT_ONCE - files.filter(({ status }) => status === "uploading").length;
    for (const upload of files) if (upload.status === "waiting" && places-- > 0) void send(upload);
  }

  async function send(upload: FileUpload) {
    const { id } = upload;
    const controller = new AbortController();
    controllers.set(id, controller);
    change(id, { status: "uploading" });
    let end: Partial<FileUpload>;
    try {
      const { sendFile } = await import("./send-file"); // a page needs it only when somebody has chosen a file
      const onProgress = ({ loaded, total, phase }: UploadProgress) =>
        change(id, { phase, progress: phase === "hashing" ? 0 : loaded / total });
      end = await sendFile(upload, { ...latest(), onProgress, signal: controller.signal });
    } catch (error) {
      end = { status: "failed", error: failureOf(error), canRetry: true };
    }
    controllers.delete(id);
    change(id, end);
    sendWaiting();
    if (end.image) latest().onStored?.(end.image);
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
    if (find(id)?.status === "waiting") change(id, { status: "cancelled", canRetry: true });
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
