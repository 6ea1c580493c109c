import type { Card, DeletionResult, Image, ImagePatch, SearchPage, SignedLink, SignedLinkRequest, SimilarImage } from "../api/types";
import { call, pathOf } from "../http/calls";
import { ImageStoreError } from "../http/errors";
import type { SignalOption, Transport } from "../http/transport";
import { listOf, pagesOf, type FiltersOf, type Pages } from "./pages";

/** Which images a list shows. `limit` is the size of a page, not of the list. */
export type ListFilters = FiltersOf<"/v1/images">;

/** Which images a search looks at. `limit` is the size of a page. */
export type SearchFilters = Omit<FiltersOf<"/v1/search">, "q">;

/** Which images the feed shows. `limit` is the size of a page. */
export type FeedFilters = FiltersOf<"/v1/feed">;

/** Changes of an image, or a function that decides on them when it sees the image. */
export type ImageChanges = ImagePatch | ((image: Image) => ImagePatch);

/** The images of one owner. An image of another owner does not exist: `image_not_found`. */
export interface Images {
  /** Returns an image with links to its renditions, which are valid for 30 to 60 minutes. */
  get(id: string, options?: SignalOption): Promise<Image>;
  /** Says whether an image exists; one in the trash does. Throws when it could not find out. */
  exists(id: string, options?: SignalOption): Promise<boolean>;
  /** Downloads the original, or the rendition of a preset such as `thumb` or `w640`. */
  bytes(id: string, options?: SignalOption & { preset?: string | undefined }): Promise<Blob>;
  /**
   * Changes the fields that are given, keeps the others, and returns the image; null removes a value.
   *
   * A function gets the image and returns the changes. It runs again when somebody else changed the image meanwhile, so
   * no change is lost; after five times it throws `precondition_failed`.
   */
  update(id: string, changes: ImageChanges, options?: SignalOption): Promise<Image>;
  /**
   * Puts an image into the trash, or deletes it for good.
   *
   * It may be repeated. When the answer to a permanent deletion was lost, the repetition throws `image_not_found`.
   */
  delete(id: string, options?: SignalOption & { permanent?: boolean | undefined }): Promise<void>;
  /** Deletes any number of images, or all of a group `type:id`; one that fails does not stop the others. */
  deleteMany(
    images: readonly string[] | { group: string },
    options?: SignalOption & { permanent?: boolean | undefined },
  ): Promise<DeletionResult>;
  /** Takes an image out of the trash, as it was. */
  restore(id: string, options?: SignalOption): Promise<Image>;
  /** Lists images, the newest first unless `order` says otherwise. */
  list(filters?: ListFilters, options?: SignalOption): Pages<Card>;
  /** Finds images by words in their texts. */
  search(q: string, filters?: SearchFilters, options?: SignalOption): Pages<Card, SearchPage>;
  /** Lists images that look like this one, the most similar first. */
  similar(id: string, options?: SignalOption & { limit?: number | undefined }): Promise<SimilarImage[]>;
  /** Makes a signed link to a rendition or a transform. Everyone who has it sees the picture until it expires. */
  link(id: string, request?: SignedLinkRequest, options?: SignalOption): Promise<SignedLink>;
}

const MAX_UPDATES = 5;
/** How long the download of one image may take. */
const DOWNLOAD_SECONDS = 600;
/** The most ids that one request deletes. */
const MAX_IDS = 100;

export function createImages(transport: Transport): Images {
  async function exists(id: string, options?: SignalOption): Promise<boolean> {
    try {
      await get(id, options);
      return true;
    } catch (error) {
      if (error instanceof ImageStoreError && error.code === "image_not_found") return false;
      throw error;
    }
  }

  async function bytes(id: string, { preset, signal }: SignalOption & { preset?: string | undefined } = {}): Promise<Blob> {
    const path = pathOf("/v1/images/{image_id}/content", { image_id: id });
    const timeoutSeconds = Math.max(transport.timeoutSeconds, DOWNLOAD_SECONDS);
    const options = { query: { rendition: preset }, signal, timeoutSeconds, read: "blob" } as const;
    return (await transport.request<Blob>("GET", path, options)).data;
  }

  async function update(id: string, changes: ImageChanges, options?: SignalOption): Promise<Image> {
    if (typeof changes !== "function") return patch(id, changes, {}, options);
    for (let attempt = 1; ; attempt += 1) {
      const path = pathOf("/v1/images/{image_id}", { image_id: id });
      const { data: image, headers } = await transport.request<Image>("GET", path, { ...options });
      try {
        return await patch(id, changes(image), { "If-Match": headers.get("ETag") ?? "*" }, options);
      } catch (error) {
        const isLost = error instanceof ImageStoreError && error.code === "precondition_failed";
        if (!isLost || attempt === MAX_UPDATES) throw error;
      }
    }
  }

  async function deleteMany(
    images: readonly string[] | { group: string },
    { permanent = false, signal }: SignalOption & { permanent?: boolean | undefined } = {},
  ): Promise<DeletionResult> {
    const result: DeletionResult = { successful: [], failed: [] };
    const remove = async (target: { ids: string[] } | { group: string }, cursor?: string) => {
      const json = { ...target, permanent, cursor };
      // After a permanent deletion whose answer was lost, a repetition would report failures.
      const options = { json, signal, isRepeatable: !permanent };
      const answer = await call(transport, "POST", "/v1/images/batch-delete", options);
      result.successful.push(...answer.successful);
      result.failed.push(...answer.failed);
      return answer.next_cursor;
    };
    if ("group" in images) {
      const rest = pagesOf(async (cursor) => ({ items: [], next_cursor: await remove(images, cursor) }));
      for await (const _ of rest.pages());
    } else {
      for (let first = 0; first < images.length; first += MAX_IDS) {
        await remove({ ids: images.slice(first, first + MAX_IDS) });
      }
    }
    return result;
  }

  function get(id: string, options?: SignalOption): Promise<Image> {
    return call(transport, "GET", "/v1/images/{image_id}", { path: { image_id: id }, ...options });
  }

  function patch(id: string, json: ImagePatch, headers: Record<string, string>, options?: SignalOption): Promise<Image> {
    return call(transport, "PATCH", "/v1/images/{image_id}", { path: { image_id: id }, json, headers, ...options });
  }

  return {
    get,
    exists,
    bytes,
    update,
    delete: (id, { permanent, signal } = {}) =>
      call(transport, "DELETE", "/v1/images/{image_id}", { path: { image_id: id }, query: { permanent }, signal }),
    deleteMany,
    restore: (id, options) =>
      call(transport, "POST", "/v1/images/{image_id}/restore", { path: { image_id: id }, isRepeatable: true, ...options }),
    list: (query, options) => listOf(transport, "/v1/images", { query, ...options }),
    search: (q, filters, options) => listOf(transport, "/v1/search", { query: { ...filters, q }, ...options }),
    similar: async (id, { limit, signal } = {}) => {
      const options = { path: { image_id: id }, query: { limit }, signal };
      return (await call(transport, "GET", "/v1/images/{image_id}/similar", options)).items;
    },
    link: (id, json = {}, options) =>
      call(transport, "POST", "/v1/images/{image_id}/links", {
        path: { image_id: id },
        json,
        isRepeatable: true,
        ...options,
      }),
  };
}
