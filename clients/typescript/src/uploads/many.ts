import type { OnDuplicate } from "../api/types";
import { ImageStoreError } from "../http/errors";
import { stopUnder } from "../http/signals";
import type { ImageOfUpload } from "./image-of-upload";
import type { UploadAttributes, Uploads } from "./index";
import type { UploadPhase } from "./progress";
import { sizeOf, type UploadSource } from "./sources";

const USUAL_CONCURRENCY = 5;

/** How far one of many uploads is; `loaded` and `total` are bytes. */
export interface UploadState {
  phase: "waiting" | UploadPhase | "stored" | "failed";
  loaded: number;
  total: number;
}

/** How far many uploads are: all together in bytes, and each in the order of the sources. */
export interface UploadManyProgress {
  /** The bytes that were sent, with all bytes of those that have ended. */
  loaded: number;
  /** The bytes of all sources; a stream or a URL counts once its size is known. */
  total: number;
  uploads: readonly UploadState[];
}

export interface UploadManyOptions {
  /** How many images are uploaded at a time. Default: 5. */
  concurrency?: number | undefined;
  onProgress?: ((progress: UploadManyProgress) => void) | undefined;
  /** Ends all uploads. */
  signal?: AbortSignal | undefined;
  /** What to do if you have an image with these bytes. Default: `keep` both. Not with an upload token. */
  onDuplicate?: OnDuplicate | undefined;
}

/** The result of each upload, by the index of its source and in that order. */
export interface UploadManyResult {
  successful: { index: number; image: ImageOfUpload }[];
  failed: { index: number; error: ImageStoreError }[];
}

/** Uploads each source; see `Uploads.uploadMany`. */
export async function uploadEach(
  upload: Uploads["upload"],
  sources: readonly UploadSource[],
  attributes: UploadAttributes | undefined,
  { concurrency = USUAL_CONCURRENCY, onProgress, signal, onDuplicate }: UploadManyOptions = {},
): Promise<UploadManyResult> {
  const stop = stopUnder(signal);
  const states: UploadState[] = sources.map((source) => ({ phase: "waiting", loaded: 0, total: sizeOf(source) }));
  const results: (ImageOfUpload | ImageStoreError)[] = [];

  const change = (index: number, state: Partial<UploadState>) => {
    states[index] = { ...states[index]!, ...state };
    onProgress?.({ ...sumOf(states), uploads: [...states] });
  };
  const uploadOne = async (index: number): Promise<ImageOfUpload | ImageStoreError> => {
    const options = { signal: stop.signal, onDuplicate, onProgress: onProgress && ((state: UploadState) => change(index, state)) };
    try {
      return await upload(sources[index]!, attributes, options);
    } catch (error) {
      if (error instanceof ImageStoreError) return error;
      throw error;
    }
  };
  const indexes = sources.keys(); // of those that wait; all workers take from it
  const work = async () => {
    for (const index of indexes) {
      stop.signal.throwIfAborted();
      const result = await uploadOne(index);
      results[index] = result;
      change(index, {
        phase: result instanceof ImageStoreError ? "failed" : "stored",
        loaded: states[index]!.total,
      });
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.max(1, concurrency) }, work));
  } catch (error) {
    stop.abort(error); // nobody gets the results of those that run
    throw error;
  } finally {
    stop.release();
  }
  return resultOf(results);
}

function sumOf(states: UploadState[]): { loaded: number; total: number } {
  let [loaded, total] = [0, 0];
  for (const state of states) {
    total += state.total;
    if (state.phase !== "waiting" && state.phase !== "hashing") loaded += state.loaded;
  }
  return { loaded, total };
}

function resultOf(results: (ImageOfUpload | ImageStoreError)[]): UploadManyResult {
  const both: UploadManyResult = { successful: [], failed: [] };
  results.forEach((result, index) => {
    if (result instanceof ImageStoreError) both.failed.push({ index, error: result });
    else both.successful.push({ index, image: result });
  });
  return both;
}
