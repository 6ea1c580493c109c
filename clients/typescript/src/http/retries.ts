import { ImageStoreError } from "./errors";

/** All waits of one request together last at most this long. A limit by the minute is waited for. */
export const MAX_TOTAL_WAIT_SECONDS = 90;

/** An interrupted request keeps its idempotency key for two minutes. This is longer. */
const MAX_WAIT_FOR_KEY_SECONDS = 150;
const KEY_POLL_SECONDS = 1;

const FIRST_WAIT_SECONDS = 0.5;
const MAX_BACKOFF_SECONDS = 20;

/**
 * Returns the seconds before the next attempt, or undefined if repeating is unsafe or pointless.
 *
 * `attempt` counts from 1. `isRepeatable` says that a second request changes nothing that the first one has done.
 */
export function waitBefore(
  error: unknown,
  { attempt, waited, isRepeatable }: { attempt: number; waited: number; isRepeatable: boolean },
): number | undefined {
  if (!(error instanceof ImageStoreError) || !mayRepeat(error, isRepeatable)) return undefined;
  if (isInProgress(error)) {
    // Its Retry-After is the longest time that the first request may take; usually it ends sooner.
    if (waited > MAX_WAIT_FOR_KEY_SECONDS) return undefined;
    return Math.min(error.retryAfter ?? KEY_POLL_SECONDS, KEY_POLL_SECONDS) + backoffAfter(1);
  }
  const seconds = (error.retryAfter ?? 0) + backoffAfter(attempt);
  return waited + seconds > MAX_TOTAL_WAIT_SECONDS ? undefined : seconds;
}

/** Returns random seconds that grow with the number of attempts. */
export function backoffAfter(attempt: number): number {
  return Math.random() * Math.min(MAX_BACKOFF_SECONDS, FIRST_WAIT_SECONDS * 2 ** (attempt - 1));
}

/** Says whether the first request with an idempotency key is still running. */
export function isInProgress(error: unknown): boolean {
  return error instanceof ImageStoreError && error.code === "idempotency_in_progress";
}

function mayRepeat(error: ImageStoreError, isRepeatable: boolean): boolean {
  if (isInProgress(error)) return true;
  if (error.status === 429) return error.retryAfter !== undefined || error.code === "rate_limited"; // refused, not begun
  if (!isRepeatable) return false;
  if (error.status === undefined) return error.code === "network_error" || error.code === "timeout";
  // A 500 of the gateway and a proxy's 502 or 504 pass; the API's own 502 is the failure of a provider.
  return error.status >= 500 && error.code !== "provider_failed";
}

/** Waits; an abort ends the wait at once and throws the reason of the signal. */
export function sleep(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
