import type { Card, Image } from "../api/types";
import { call, type QueryOf } from "../http/calls";
import type { Transport } from "../http/transport";
import { pagesOf, type Pages } from "./pages";

export interface SignalOption {
  /** Ends the request; it then throws the reason of the signal. */
  signal?: AbortSignal | undefined;
}

/** Which images a list shows. `limit` is the size of a page, not of the list. */
export type ListFilters = Omit<QueryOf<"GET", "/v1/images">, "cursor">;

/** The images of an owner. */
export interface Images {
  /** Returns an image. Throws `image_not_found` also for an image of another owner. */
  get(id: string, options?: SignalOption): Promise<Image>;
  /** Lists images, newest first unless `order` says otherwise. */
  list(filters?: ListFilters, options?: SignalOption): Pages<Card>;
}

export function createImages(transport: Transport): Images {
  return {
    get: (id, options) => call(transport, "GET", "/v1/images/{image_id}", { path: { image_id: id }, ...options }),
    list: (filters, options) =>
      pagesOf((cursor) => call(transport, "GET", "/v1/images", { query: withCursor(filters, cursor), ...options })),
  };
}

function withCursor<T extends object>(filters: T | undefined, cursor: string | undefined): T & { cursor?: string } {
  return { ...(filters as T), ...(cursor === undefined ? {} : { cursor }) };
}
