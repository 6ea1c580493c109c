// Something that is done to many images: in parts, some at once, with its progress, and with what failed in words.
import { wait } from "./dom.js";
import { ApiError } from "./errors.js";
import { showProgress } from "./progress.js";

const AT_ONCE = 4; // requests
const TRIES = 4;
const PAUSE = 1000; // ms before the second try; twice as long before each later one

/**
 * Do `step(ids, signal)`, which answers `{successful: [id], failed: [{id, error}]}`, with up to `size` of the ids at a
 * time. What may pass is tried again, after the time that the store asks for. Resolves to `{done: [id], failed: [{id,
 * message}], isStopped}`: a failure is no exception. `label` says what is done.
 */
export async function runBatch({ ids, step, label, signal, size = 100 }) {
  const ending = new AbortController();
  const stop = () => ending.abort(new DOMException("Stopped.", "AbortError"));
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  const done = [];
  const failed = [];
  const progress = showProgress({ label, total: ids.length, stop });
  const rest = parted(ids, size).values();
  const worker = async () => {
    for (const part of rest) {
      if (ending.signal.aborted) return;
      await work(part);
    }
  };

  async function work(part) {
    let open = part;
    for (let tries = 1; open.length; tries += 1) {
      const answer = await attempt(open);
      done.push(...answer.successful);
      const mayPass = ending.signal.aborted || tries === TRIES ? () => false : ({ error }) => isPassing(error);
      for (const one of answer.failed) if (!mayPass(one)) failed.push({ id: one.id, message: inWords(one.error) });
      open = answer.failed.filter(mayPass).map(({ id }) => id);
      progress.show(done.length + failed.length);
      if (!open.length) return;
      const pause = answer.retryAfter ? answer.retryAfter * 1000 : PAUSE * 2 ** (tries - 1);
      await wait(pause, ending.signal).catch(() => null);
    }
  }

  /** One request; one that fails as a whole fails for each of its images. */
  async function attempt(open) {
    try {
      return await step(open, ending.signal);
    } catch (error) {
      if (!(error instanceof ApiError) && error.name !== "AbortError") throw error;
      return { successful: [], failed: open.map((id) => ({ id, error })), retryAfter: error.retryAfter };
    }
  }

  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } finally {
    progress.end();
    signal?.removeEventListener("abort", stop);
  }
  return { done, failed, isStopped: ending.signal.aborted };
}

function parted(ids, size) {
  const parts = [];
  for (let from = 0; from < ids.length; from += size) parts.push(ids.slice(from, from + size));
  return parts;
}

/** Whether the same may succeed later; the store's answer for one image has a code alone. */
const isPassing = (error) =>
  error instanceof ApiError
    ? error.mayPass
    : ["deadline_exceeded", "storage_unavailable", "conflict", "internal_error"].includes(error.code);

function inWords(error) {
  if (error.name === "AbortError") return "It was stopped on its way, and may be done all the same.";
  return error instanceof ApiError ? error.message : new ApiError({ status: 400, ...error }).message;
}
