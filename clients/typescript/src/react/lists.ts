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
  /** Why the last request failed. `loadMore` sends it again. */
  error: Failure | undefined;
  /** Whether there are more images than these; false until the first page is there. */
  hasMore: boolean;
  /** Loads the next page, or the one that failed. It does nothing while a request is running, or when there is no such page. */
  loadMore(): void;
  /** Loads the first page again, and then shows only it. */
  refresh(): void;
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

function useList<T>(open: Open<T>, [store, filters]: [object, object], options?: ImageListOptions<T>): ImageList<T> {
  // A component makes new filters at each render, so their contents are compared.
  const list = useMemo(() => createList(open, options?.firstPage), [store, JSON.stringify(filters)]);
  return { ...useObservable(list), loadMore: list.loadMore, refresh: list.refresh };
}

export function createList<T>(open: Open<T>, firstPage?: Page<T>) {
  let cursor = firstPage?.next_cursor;
  let request: AbortController | undefined;
  const list = createObservable(
    {
      images: (firstPage?.items ?? []) as readonly T[],
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
    const pages = open({ signal });
    const before = cursor ? list.get().images : [];
    const items: T[] = [];
    let next = cursor;
    list.set({ isLoading: true, error: undefined });
    try {
      do {
        const page = await pages.page(next ?? undefined);
        items.push(...page.items);
        next = page.next_cursor;
      } while (next && !items.length); // a page may be empty although more follow
      if (signal.aborted) return;
      cursor = next;
      list.set({ images: [...before, ...items], isLoading: false, hasMore: !!next });
    } catch (error) {
      if (!signal.aborted) list.set({ error: failureOf(error), isLoading: false });
    }
  }

  return {
    ...list,
    loadMore() {
      const { isLoading, hasMore, error } = list.get();
      if (!isLoading && (hasMore || error)) void load();
    },
    refresh() {
      cursor = undefined;
      void load();
    },
  };
}
