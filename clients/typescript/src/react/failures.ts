import { ImageStoreError } from "../http/errors";

/** Why a request failed: an error of the store or its client, or what your own code threw, such as a token function. */
export type Failure = ImageStoreError | Error;

/** Makes an Error of what was thrown. */
export const failureOf = (reason: unknown): Failure => (reason instanceof Error ? reason : new Error(String(reason)));

/** Returns the sentence of an error that people can read: `detail` of the store's, else `message`. */
export const errorMessage = (error: Failure): string => (error instanceof ImageStoreError ? error.detail : error.message);
