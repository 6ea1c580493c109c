/** A signal that aborts with the signal of a caller, or on its own. */
export interface Stop {
  signal: AbortSignal;
  /** Aborts; the first reason stands. */
  abort(reason?: unknown): void;
  /** Lets go of the caller's signal, which may live much longer. */
  release(): void;
}

/** Makes a signal that also aborts when `outer` does. */
export function stopUnder(outer: AbortSignal | undefined): Stop {
  const controller = new AbortController();
  const abort = () => controller.abort(outer?.reason);
  if (outer?.aborted) abort();
  outer?.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => outer?.removeEventListener("abort", abort),
  };
}

/** Waits for work that cannot be stopped; an abort ends the wait at once and throws the reason of the signal. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    void work.then(resolve, reject).finally(() => signal?.removeEventListener("abort", abort));
  });
}
