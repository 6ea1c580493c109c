export { verify, type SignedMessage, type VerifyOptions } from "./verify";
export { WebhookVerificationError, type WebhookVerificationCode } from "./errors";
export type { Event } from "../api/types";
