import { call } from "../http/calls";
import { createTransport, type SignalOption, type Transport } from "../http/transport";
import { listOf, type FiltersOf, type Pages } from "../images/pages";
import type { ImageStoreOptions } from "../store";
import type {
  NewWebhook,
  Webhook,
  WebhookDelivery,
  WebhookPatch,
  WebhookReplay,
  WebhookReplayRequest,
  WebhookRequest,
} from "./types";

/** Endpoints of apps that the store tells about events. `verify` checks what an endpoint receives. */
export interface Webhooks {
  /** Creates a webhook. Its secret is in this answer and in no other. */
  create(request: WebhookRequest, options?: SignalOption): Promise<NewWebhook>;
  /** Returns all webhooks, the newest first. */
  list(options?: SignalOption): Promise<Webhook[]>;
  get(id: string, options?: SignalOption): Promise<Webhook>;
  /** Changes the fields that are given and keeps the others; `enabled: false` stops the messages. */
  update(id: string, changes: WebhookPatch, options?: SignalOption): Promise<Webhook>;
  /** Deletes a webhook for good, with its secret. */
  delete(id: string, options?: SignalOption): Promise<void>;
  /** Sends an event of type `webhook.test` now; `deliveries` has the result a moment later. */
  test(id: string, options?: SignalOption): Promise<WebhookDelivery>;
  /** Lists what was sent in the last 30 days, the newest event first. `limit` is the size of a page. */
  deliveries(
    id: string,
    filters?: FiltersOf<"/v1/webhooks/{webhook_id}/deliveries">,
    options?: SignalOption,
  ): Pages<WebhookDelivery>;
  /**
   * Sends again one event, the events of a time, or all that failed, each with the id that it had.
   *
   * A webhook has one replay of many events at a time; a second one throws `conflict`.
   */
  replay(id: string, request: WebhookReplayRequest, options?: SignalOption): Promise<WebhookReplay>;
  /** Gives a webhook a new secret. Messages have a signature of the old one too for `overlapHours`, by default a day. */
  rotateSecret(id: string, options?: SignalOption & { overlapHours?: number | undefined }): Promise<NewWebhook>;
  /** Returns the webhooks of another owner. The caller needs the scope `act-as`. Throws TypeError without an id. */
  as(owner: string): Webhooks;
}

/** Connects to the webhooks of a store, with the options of `createImageStore`. It sends no request. */
export function createWebhooks(options: ImageStoreOptions): Webhooks {
  return webhooksOver(createTransport(options));
}

function webhooksOver(transport: Transport): Webhooks {
  const at = (id: string, options?: SignalOption) => ({ path: { webhook_id: id }, ...options });
  return {
    create: (json, options) => call(transport, "POST", "/v1/webhooks", { json, ...options }),
    list: async (options) => (await call(transport, "GET", "/v1/webhooks", { ...options })).items,
    get: (id, options) => call(transport, "GET", "/v1/webhooks/{webhook_id}", at(id, options)),
    update: (id, json, options) => call(transport, "PATCH", "/v1/webhooks/{webhook_id}", { json, ...at(id, options) }),
    delete: (id, options) => call(transport, "DELETE", "/v1/webhooks/{webhook_id}", at(id, options)),
    test: (id, options) =>
      call(transport, "POST", "/v1/webhooks/{webhook_id}/test", { isRepeatable: true, ...at(id, options) }),
    deliveries: (id, query, options) =>
      listOf(transport, "/v1/webhooks/{webhook_id}/deliveries", { query, ...at(id, options) }),
    replay: (id, json, options) => call(transport, "POST", "/v1/webhooks/{webhook_id}/replay", { json, ...at(id, options) }),
    rotateSecret: (id, { overlapHours, signal } = {}) =>
      call(transport, "POST", "/v1/webhooks/{webhook_id}/rotate-secret", {
        json: { overlap_hours: overlapHours },
        ...at(id, { signal }),
      }),
    as: (owner) => webhooksOver(transport.as(owner)),
  };
}
