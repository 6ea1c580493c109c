import type { components } from "../api/schema";
import { createTransport, type SignalOption, type Transport } from "../http/transport";
import { listOf, type FiltersOf, type Pages } from "../images/pages";
import type { ImageStoreOptions } from "../store";

/** A tag with its number of images. */
export type Tag = components["schemas"]["Tag"];

/** The tags of images that are not in the trash. */
export interface Tags {
  /** Lists tags in order, with `prefix` those that begin like it. `limit` is the size of a page. */
  list(filters?: FiltersOf<"/v1/tags">, options?: SignalOption): Pages<Tag>;
  /** Returns the tags of another owner. The caller needs the scope `act-as`. Throws TypeError without an id. */
  as(owner: string): Tags;
}

/** Connects to the tags of a store, with the options of `createImageStore`. It sends no request. */
export function createTags(options: ImageStoreOptions): Tags {
  return tagsOver(createTransport(options));
}

function tagsOver(transport: Transport): Tags {
  return {
    list: (query, options) => listOf(transport, "/v1/tags", { query, ...options }),
    as: (owner) => tagsOver(transport.as(owner)),
  };
}
