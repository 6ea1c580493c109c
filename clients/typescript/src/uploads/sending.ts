import type { ImageAttributes } from "../api/types";
import type { Transport } from "../http/transport";
import type { OnProgress, UploadPhase } from "./progress";
import type { Picture } from "./sources";
import { reportingFetch } from "./transfer";

/** The slowest connection that an upload is given time for. */
const MIN_BYTES_PER_SECOND = 50_000;

/** One upload on its way. */
export interface Sending {
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

export function sendingOf(
  transport: Transport,
  options: Pick<Sending, "picture" | "attributes" | "idempotencyKey" | "signal"> & { onProgress: OnProgress | undefined },
): Sending {
  const { onProgress, ...rest } = options;
  const { size } = rest.picture;
  const report = (phase: UploadPhase, loaded: number) => onProgress?.({ phase, loaded, total: size });
  const onSent = (part: number) => report(part < 1 ? "sending" : "finishing", Math.round(part * size));
  return {
    ...rest,
    report,
    fetch: onProgress ? reportingFetch(transport, onSent) : transport.fetch,
    timeoutSeconds: transport.timeoutSeconds + size / MIN_BYTES_PER_SECOND,
  };
}
