import { errorMessage, type Failure } from "@image-store/client/react";

/** Says what went wrong, if something did. */
export function Problem({ error }: { error: Failure | string | null | undefined }) {
  return error ? <p role="alert">{typeof error === "string" ? error : errorMessage(error)}</p> : null;
}
