import type { components } from "../api/schema";
import { call } from "../http/calls";
import { createTransport, type SignalOption, type Transport } from "../http/transport";
import type { ImageStoreOptions } from "../store";

type Schemas = components["schemas"];

/** The same changes for many images; null removes the category. A group is `type:id`. */
export type BatchChanges = Omit<Schemas["BatchUpdate"], "ids">;

/** The images that are as they should be, and the others with their errors. */
export type BatchResult = Schemas["BatchChangeResult"];

/** What to do while it runs. `onProgress` gets the result of each request, which has up to 100 images. */
export type BatchOptions = SignalOption & { onProgress?: ((part: BatchResult) => void) | undefined };

/** Changes of any number of images; one that fails does not stop the others. */
export interface Batches {
  /** Adds and removes tags and groups, and sets visibility and category. */
  update(ids: readonly string[], changes: BatchChanges, options?: BatchOptions): Promise<BatchResult>;
  /** Takes images out of the trash, as private images. */
  restore(ids: readonly string[], options?: BatchOptions): Promise<BatchResult>;
  /** Changes images of another owner. The caller needs the scope `act-as`. Throws TypeError without an id. */
  as(owner: string): Batches;
}

/** The most ids of one request. */
const MAX_IDS = 100;

/** Connects to the batches of a store, with the options of `createImageStore`. It sends no request. */
export function createBatches(options: ImageStoreOptions): Batches {
  return batchesOver(createTransport(options));
}

function batchesOver(transport: Transport): Batches {
  return {
    update: (ids, changes, { onProgress, signal } = {}) =>
      inParts(ids, onProgress, (some) => {
        const json = { ...changes, ids: some };
        return call(transport, "POST", "/v1/images/batch-update", { json, signal, isRepeatable: true });
      }),
    restore: (ids, { onProgress, signal } = {}) =>
      inParts(ids, onProgress, (some) => {
        return call(transport, "POST", "/v1/images/batch-restore", { json: { ids: some }, signal, isRepeatable: true });
      }),
    as: (owner) => batchesOver(transport.as(owner)),
  };
}

async function inParts(
  ids: readonly string[],
  onProgress: BatchOptions["onProgress"],
  send: (some: string[]) => Promise<BatchResult>,
): Promise<BatchResult> {
  const result: BatchResult = { successful: [], failed: [] };
  let waiting = [...new Set(ids)];
  while (waiting.length) {
    const some = waiting.slice(0, MAX_IDS);
    waiting = waiting.slice(MAX_IDS);
    const part = await send(some);
    const late = part.failed.filter(({ error }) => error.code === "deadline_exceeded");
    if (late.length < some.length) {
      // The others were done, so the next request has time for these.
      waiting = [...late.map(({ id }) => id), ...waiting];
      part.failed = part.failed.filter((failed) => !late.includes(failed));
    }
    result.successful.push(...part.successful);
    result.failed.push(...part.failed);
    onProgress?.(part);
  }
  return result;
}
