/** Why a message cannot be trusted. */
export type WebhookVerificationCode =
  /** A header of Standard Webhooks is missing. */
  | "missing_header"
  /** The time of the message is not one, or it is too far from now: a recorded message that is sent again. */
  | "invalid_timestamp"
  /** No signature is that of a secret: another secret, or a body that was changed. */
  | "invalid_signature"
  /** The signature is right, and the body is not an event. */
  | "invalid_event";

/** A message that does not come from the store as it is. */
export class WebhookVerificationError extends Error {
  override readonly name = "WebhookVerificationError";
  /** What is wrong; compare this, never the message. */
  readonly code: WebhookVerificationCode;
  /** What to answer. Express does so by itself if the error is not caught. */
  readonly status = 400;

  constructor(code: WebhookVerificationCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}
