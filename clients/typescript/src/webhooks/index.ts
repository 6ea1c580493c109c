export { verify, type SignedMessage, type VerifyOptions } from "./verify";
export { WebhookVerificationError, type WebhookVerificationCode } from "./errors";
export { createWebhooks, type Webhooks } from "./webhooks";
export type { DeliveryStatus, NewWebhook, Webhook, WebhookDelivery, WebhookPatch, WebhookReplay, WebhookReplayRequest, WebhookRequest } from "./types";
export type { Event } from "../api/types";
