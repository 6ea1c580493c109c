import type { components } from "../api/schema";
import { call } from "../http/calls";
import { createTransport, type SignalOption, type Transport } from "../http/transport";
import { listOf, type FiltersOf, type Pages } from "../images/pages";
import type { ImageStoreOptions } from "../store";

type Schemas = components["schemas"];

/** A group with its title, its cover and its number of images. */
export type Group = Schemas["Group"];
export type GroupRequest = Schemas["GroupRequest"];
export type GroupPatch = Schemas["GroupPatch"];

/** How many images left a group that was deleted, and the images that are still in it, with their errors. */
export type GroupDeletion = Pick<Schemas["GroupDeletion"], "images" | "failed">;

/** Groups of images such as albums, each named as `type:id`. */
export interface Groups {
  /** Lists groups in the order of type and id; of a type, or with an id or a word of a title that begins with `prefix`. */
  list(filters?: FiltersOf<"/v1/groups">, options?: SignalOption): Pages<Group>;
  get(group: string, options?: SignalOption): Promise<Group>;
  /** Creates a group, which needs no images. Without an `id` one is made. */
  create(request: GroupRequest, options?: SignalOption): Promise<Group>;
  /** Changes title or cover; null removes a value, and what is left out stays. */
  update(group: string, changes: GroupPatch, options?: SignalOption): Promise<Group>;
  /** Ends a group: its images stay without it (`keep`), or go to the trash. It sends as many requests as it needs. */
  delete(group: string, options: SignalOption & { images: "keep" | "trash" }): Promise<GroupDeletion>;
  /** Returns the groups of another owner. The caller needs the scope `act-as`. Throws TypeError without an id. */
  as(owner: string): Groups;
}

/** Connects to the groups of a store, with the options of `createImageStore`. It sends no request. */
export function createGroups(options: ImageStoreOptions): Groups {
  return groupsOver(createTransport(options));
}

function groupsOver(transport: Transport): Groups {
  return {
    list: (query, options) => listOf(transport, "/v1/groups", { query, ...options }),
    get: (group, options) => call(transport, "GET", "/v1/groups/{group}", { ...at(group), ...options }),
    create: (json, options) =>
      call(transport, "POST", "/v1/groups", { json, isRepeatable: json.id !== undefined, ...options }),
    update: (group, json, options) => call(transport, "PATCH", "/v1/groups/{group}", { json, ...at(group), ...options }),
    delete: async (group, { images, signal }) => {
      const whole: GroupDeletion = { images: 0, failed: [] };
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const query = { images, cursor };
        const part = await call(transport, "DELETE", "/v1/groups/{group}", { query, ...at(group), signal });
        whole.images += part.images;
        whole.failed.push(...part.failed);
        cursor = part.next_cursor;
      }
      return whole;
    },
    as: (owner) => groupsOver(transport.as(owner)),
  };
}

/** The gateway ends a path at a question mark, so the store reads `%3F` as one. */
function at(group: string) {
  return { path: { group: group.replaceAll("?", "%3F") } };
}
