import type { ImageAttributes } from "../api/types";
import type { Transport } from "../http/transport";
import type { OnProgress, UploadPhase } from "./progress";
import type { OnSent } from "./sent-bytes";
import type { Picture } from "./sources";

/** The slowest connection that an upload is given time for. */
const MIN_BYTES_PER_SECOND = 50_000;

/** An upload whose picture was read and whose image is not stored yet. */
export interface PendingUpload {
  picture: Picture;
  attributes: ImageAttributes;
  idempotencyKey: string;
  signal: AbortSignal | undefined;
  report: (phase: UploadPhase, loaded: number) => void;
  /** Sends the bytes and reports how many were sent. */
  fetch: typeof fetch;
  /** How long one attempt to send the bytes may take. */
  timeoutSeconds: number;
}

type Choices = Pick<PendingUpload, "picture" | "attributes" | "idempotencyKey" | "signal">;

export function pendingUpload(
  transport: Transport,
  choices: Choices,
  onProgress: OnProgress | undefined,
): PendingUpload {
  const { size } = choices.picture;
  const report = (phase: UploadPhase, loaded: number) => onProgress?.({ phase, loaded, total: size });
  const onSent = (part: number) => report(part < 1 ? "sending" : "finishing", Math.round(part * size));
  return {
    ...choices,
    report,
    fetch: onProgress ? reportingFetch(transport, onSent) : transport.fetch,
    timeoutSeconds: transport.timeoutSeconds + size / MIN_BYTES_PER_SECOND,
  };
}

/**
 * Makes a `fetch` that reports how much of the body was sent.
 *
 * In browsers it reports while the bytes leave. Elsewhere, and with a `fetch` that the caller chose, it reports only the
 * beginning and the end.
 */
function reportingFetch(transport: Transport, onSent: OnSent): typeof fetch {
  const canReport = typeof XMLHttpRequest === "function" && !transport.hasOwnFetch;
  return async (input, init = {}) => {
    onSent(0);
    // The report may have aborted. Node 24 ends the process when `fetch` gets a form with a signal that has aborted.
    init.signal?.throwIfAborted();
    if (canReport) {
      const { fetchReporting } = await import("./sent-bytes");
      return fetchReporting(String(input), init, onSent);
    }
    const response = await transport.fetch(input, init);
    onSent(1);
    return response;
  };
}
