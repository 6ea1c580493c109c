import { useMemo } from "react";
import type { Card, FeedCard } from "../api/types";
import type { SignalOption } from "../http/transport";
import type { FeedFilters, ListFilters, SearchFilters } from "../images/images";
import type { Page, Pages } from "../images/pages";
import { failureOf, type Failure } from "./failures";
import { createObservable, useObservable } from "./observable";
import { useImageStore } from "./provider";

/** The images that were loaded so far, and what can be done next. */
export interface ImageList<T> {
  images: readonly T[];
  /** Whether a request is running, for the first page or another one. */
  isLoading: boolean;
  /** Why the last request failed. `loadMore` sends it again; after a failed refresh it refreshes. */
  error: Failure | undefined;
  /** Whether there are more images than these; false until the first page is there. */
  hasMore: boolean;
  /** Loads the next page, or the one that failed. It does nothing while a request is running, or when there is no such page. */
  loadMore(): void;
  /** Loads as many images again as there are, from the first page on; these stay until all have arrived. */
  refresh(): void;
  /** Shows changes of an image in the list, such as the answer to `images.update`. It sends no request. */
  update(image: Partial<T> & { id: string }): void;
  /** Takes an image off the list, for example after `images.delete`. It sends no request. */
  remove(id: string): void;
}

export interface ImageListOptions<T> {
  /** A first page that a server has loaded. Without one the browser requests it. */
  firstPage?: Page<T> | undefined;
}

/** Filters of a list; with `q` it is a search. */
export type ImageFilters = ListFilters & { q?: string | undefined };

/**
 * Lists the images of an owner, page by page, newest first.
 *
 * Other filters start a new list. A request ends with its component. Call `refresh` after an upload.
 */
export function useImages({ q, ...filters }: ImageFilters = {}, options?: ImageListOptions<Card>): ImageList<Card> {
  const store = useImageStore();
  return useList(
    (signal) => (q ? store.images.search(q, filters as SearchFilters, signal) : store.images.list(filters, signal)),
    [store, { q, ...filters }],
    options,
  );
}

/** Lists the public images of all owners, as `useImages` does. */
export function useFeed(filters: FeedFilters = {}, options?: ImageListOptions<FeedCard>): ImageList<FeedCard> {
  const store = useImageStore();
  return useList((signal) => store.feed(filters, signal), [store, filters], options);
}

type Open<T> = (options: SignalOption) => Pages<T>;

function useList<T extends { id: string }>(open: Open<T>, [store, filters]: [object, object], options?: ImageListOptions<T>): ImageList<T> {
  // A component makes new filters at each render, so their contents are compared.
  const list = useMemo(() => createList(open, options?.firstPage), [store, JSON.stringify(filters)]);
  const { loadMore, refresh, update, remove } = list;
  return { ...useObservable(list), loadMore, refresh, update, remove };
}

export function createList<T extends { id: string }>(open: Open<T>, firstPage?: Page<T>) {
  type Images = readonly T[];
  let cursor = firstPage?.next_cursor;
  let mustRefresh = false;
  let request: AbortController | undefined;
  /** Changes of the list while a request runs. Its answer may be older than they are. */
  let edits: ((images: Images) => Images)[] = [];
  const list = createObservable(
    {
      images: (firstPage?.items ?? []) as Images,
      isLoading: !firstPage,
      error: undefined as Failure | undefined,
      hasMore: cursor != null,
    },
    () => {
      if (list.get().isLoading) void load();
      return () => request?.abort();
    },
  );

  async function load() {
    request?.abort();
    const { signal } = (request = new AbortController());
    const { images } = list.get();
    const items = mustRefresh ? [] : [...images];
    const least = images.length + (mustRefresh ? 0 : 1) || 1;
    let next = mustRefresh ? null : cursor;
    edits = [];
    list.set({ isLoading: true, error: undefined });
    try {
      for await (const page of open({ signal }).pages(next ?? undefined)) {
        items.push(...page.items);
        next = page.next_cursor;
        if (items.length >= least) break; // a page may be short or empty although more follow
      }
      if (signal.aborted) return;
      cursor = next;
      mustRefresh = false;
      list.set({ images: edits.reduce((all: Images, edit) => edit(all), items), isLoading: false, hasMore: !!next });
    } catch (error) {
      if (!signal.aborted) list.set({ error: failureOf(error), isLoading: false });
    }
  }

  function edit(change: (images: Images) => Images) {
    edits.push(change);
    list.set({ images: change(list.get().images) });
  }

  return {
    ...list,
    loadMore() {
      const { isLoading, hasMore, error } = list.get();
      if (!isLoading && (hasMore || error)) void load();
    },
    refresh() {
      mustRefresh = true;
      void load();
    },
    update(image: Partial<T> & { id: string }) {
      edit((images) => images.map((each) => (each.id === image.id ? { ...each, ...image } : each)));
    },
    remove(id: string) {
      edit((images) => images.filter((each) => each.id !== id));
    },
  };
}
