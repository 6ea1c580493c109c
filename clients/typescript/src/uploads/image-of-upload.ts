import type { Image } from "../api/types";

/** The image that an upload returns. */
export type ImageOfUpload = Image & {
  /**
   * Whether you had an image with these bytes, which `onDuplicate: "return_existing"` returned.
   *
   * Over 4 MB with your own `idempotencyKey` it is always false: the store then does not tell such an image from one
   * that an earlier upload with this key has stored.
   */
  existed: boolean;
};

/** Reads the answer to `POST /v1/images`, whose status is 200 for an image that existed. */
export const imageOfUpload = ({ status, data }: { status: number; data: Image }): ImageOfUpload => ({
  ...data,
  existed: status === 200,
});
