import { ImageStoreError } from "./errors";

/** All waits of one request together last at most this long. A limit by the minute is waited for. */
export const MAX_TOTAL_WAIT_SECONDS = 90;

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
  const backoff = Math.min(MAX_BACKOFF_SECONDS, FIRST_WAIT_SECONDS * 2 ** (attempt - 1));
  const seconds = (error.retryAfter ?? 0) + Math.random() * backoff;
  return waited + seconds > MAX_TOTAL_WAIT_SECONDS ? undefined : seconds;
}

function mayRepeat(error: ImageStoreError, isRepeatable: boolean): boolean {
  if (error.code === "idempotency_in_progress") return true;
  if (error.status === 429) return error.retryAfter !== undefined || error.code === "rate_limited"; // refused, not begun
  if (!isRepeatable) return false;
  if (error.status === undefined) return error.code === "network_error" || error.code === "timeout";
  // The API's own 502 is the failure of a provider; a proxy's 502 and 504 are lost connections.
  return error.status === 503 || ([502, 504].includes(error.status) && error.code !== "provider_failed");
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
