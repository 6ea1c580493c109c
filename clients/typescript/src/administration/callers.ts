import type {
  ApiKey,
  ApiKeyPatch,
  ApiKeyRequest,
  KeyUsage,
  NewApiKey,
  UploadToken,
  UploadTokenRequest,
} from "../api/types";
import { call, type QueryOf } from "../http/calls";
import type { SignalOption, Transport } from "../http/transport";
import { listOf, type FiltersOf, type Pages } from "../images/pages";

/** API keys for backends. A key cannot manage keys unless it has the scope `images:admin`. */
export interface Keys {
  /** Creates a key. It is in this answer and in no other. */
  create(request: ApiKeyRequest, options?: SignalOption): Promise<NewApiKey>;
  /** Lists keys without their secrets. `limit` is the size of a page. */
  list(filters?: FiltersOf<"/v1/keys">, options?: SignalOption): Pages<ApiKey>;
  get(id: string, options?: SignalOption): Promise<ApiKey>;
  /** Changes the fields that are given and keeps the others. */
  update(id: string, changes: ApiKeyPatch, options?: SignalOption): Promise<ApiKey>;
  /** Gives a key a new secret. The old one works for `graceSeconds`, by default a day. */
  rotate(id: string, options?: SignalOption & { graceSeconds?: number | undefined }): Promise<NewApiKey>;
  /** Revokes a key for good. It stops working within a minute or so. */
  revoke(id: string, options?: SignalOption): Promise<void>;
  /** Returns what a key has used by day, by default in the last 30 days. */
  usage(
    id: string,
    query?: QueryOf<"GET", "/v1/keys/{key_id}/usage">,
    options?: SignalOption,
  ): Promise<KeyUsage>;
}

export function createKeys(transport: Transport): Keys {
  return {
    create: (json, options) => call(transport, "POST", "/v1/keys", { json, ...options }),
    list: (query, options) => listOf(transport, "/v1/keys", { query, ...options }),
    get: (id, options) => call(transport, "GET", "/v1/keys/{key_id}", { path: { key_id: id }, ...options }),
    update: (id, json, options) =>
      call(transport, "PATCH", "/v1/keys/{key_id}", { path: { key_id: id }, json, ...options }),
    rotate: (id, { graceSeconds, signal } = {}) =>
      call(transport, "POST", "/v1/keys/{key_id}/rotate", {
        path: { key_id: id },
        json: { grace_seconds: graceSeconds },
        signal,
      }),
    revoke: (id, options) => call(transport, "DELETE", "/v1/keys/{key_id}", { path: { key_id: id }, ...options }),
    usage: (id, query, options) =>
      call(transport, "GET", "/v1/keys/{key_id}/usage", { path: { key_id: id }, query, ...options }),
  };
}

/** Upload tokens for browsers. */
export interface UploadTokens {
  /** Creates a token that can only upload: by default one image, within an hour. */
  create(request?: UploadTokenRequest, options?: SignalOption): Promise<UploadToken>;
}

export function createUploadTokens(transport: Transport): UploadTokens {
  return { create: (json = {}, options) => call(transport, "POST", "/v1/upload-tokens", { json, ...options }) };
}
