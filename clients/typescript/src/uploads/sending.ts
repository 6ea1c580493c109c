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

type Choices = Pick<Sending, "picture" | "attributes" | "idempotencyKey" | "signal">;

export function sendingOf(transport: Transport, choices: Choices, onProgress: OnProgress | undefined): Sending {
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
