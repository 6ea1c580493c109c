import type { Provider, ProviderList, ProviderKeyRequest } from "../api/types";
import { call } from "../http/calls";
import type { SignalOption, Transport } from "../http/transport";

/** Providers that generate images. */
export interface Providers {
  /** Lists providers with their models, limits, prices and health, and what the owner spent. */
  list(options?: SignalOption): Promise<ProviderList>;
  /** Stores the owner's own key of a provider. No answer ever shows it. */
  setKey(provider: Provider, key: ProviderKeyRequest, options?: SignalOption): Promise<void>;
  /** Deletes the owner's own key of a provider. */
  deleteKey(provider: Provider, options?: SignalOption): Promise<void>;
}

export function createProviders(transport: Transport): Providers {
  return {
    list: (options) => call(transport, "GET", "/v1/providers", { ...options }),
    setKey: (provider, json, options) =>
      call(transport, "PUT", "/v1/provider-keys/{provider}", { path: { provider }, json, ...options }),
    deleteKey: (provider, options) =>
      call(transport, "DELETE", "/v1/provider-keys/{provider}", { path: { provider }, ...options }),
  };
}
