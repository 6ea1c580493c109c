import { ImageStoreError } from "@image-store/client";

/** Says what went wrong, if something did. */
export function Problem({ error }: { error: unknown }) {
  return error ? <p role="alert">{error instanceof ImageStoreError ? error.detail : String(error)}</p> : null;
}
