/** What an upload does: it reads the bytes for their checksum (only of files over 4 MB), sends them, or waits. */
export type UploadPhase = "hashing" | "sending" | "finishing";

/**
 * How far an upload is. `loaded` and `total` are bytes; `total` is 0 for a URL.
 *
 * `loaded` begins again with each phase, and when the bytes are sent again after a failure. Browsers report the bytes
 * as they leave. Other platforms report the beginning and the end of each phase.
 */
export interface UploadProgress {
  phase: UploadPhase;
  loaded: number;
  total: number;
}

export type OnProgress = (progress: UploadProgress) => void;

