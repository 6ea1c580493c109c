/** The types of the API document about webhooks, under the names that the document gives them. */
import type { components } from "../api/schema";

type Schemas = components["schemas"];

export type DeliveryStatus = Schemas["DeliveryStatus"];
export type NewWebhook = Schemas["NewWebhook"];
export type Webhook = Schemas["Webhook"];
export type WebhookDelivery = Schemas["WebhookDelivery"];
export type WebhookPatch = Schemas["WebhookPatch"];
export type WebhookReplay = Schemas["WebhookReplay"];
export type WebhookReplayRequest = Schemas["WebhookReplayRequest"];
export type WebhookRequest = Schemas["WebhookRequest"];
