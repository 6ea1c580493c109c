import { call, type AnswerOf, type CallOptions, type PathOf, type QueryOf } from "../http/calls";
import { ImageStoreError } from "../http/errors";
import type { Transport } from "../http/transport";

/** One page of a list. */
export interface Page<T> {
  items: T[];
  /** Continues the list; null at its end. A page may be short or empty while it is not null. */
  next_cursor: string | null;
}

/** A list that is read page by page, when its items are needed. */
export interface Pages<T, P extends Page<T> = Page<T>> extends AsyncIterable<T> {
  /** Reads one page, from the beginning or from a cursor. */
  page(cursor?: string): Promise<P>;
  /** Iterates over the pages, from the beginning or from a cursor. Throws `invalid_cursor` if the store repeats one. */
  pages(cursor?: string): AsyncIterable<P>;
  /** Reads items into an array, at most `limit` of them. */
  toArray(options: { limit: number }): Promise<T[]>;
}

/** Makes a list of a function that reads the page at a cursor. */
export function pagesOf<T, P extends Page<T> = Page<T>>(read: (cursor: string | undefined) => Promise<P>): Pages<T, P> {
  async function* pages(cursor?: string): AsyncGenerator<P> {
    for (const known = new Set(); ; known.add(cursor)) {
      const page = await read(cursor);
      yield page;
      if (!page.next_cursor) return;
      if (page.next_cursor === cursor || known.has(page.next_cursor)) {
        throw new ImageStoreError("invalid_cursor", "The store repeats a cursor, so this list has no end.");
      }
      cursor = page.next_cursor;
    }
  }

  async function* items(): AsyncGenerator<T> {
    for await (const page of pages()) yield* page.items;
  }

  async function toArray({ limit }: { limit: number }): Promise<T[]> {
    const list: T[] = [];
    if (limit <= 0) return list;
    for await (const item of items()) {
      list.push(item);
      if (list.length >= limit) break;
    }
    return list;
  }

  return { page: (cursor) => read(cursor), pages, toArray, [Symbol.asyncIterator]: items };
}

/** The query of a list without the cursor, which the list itself has. */
export type FiltersOf<P extends PathOf<"GET">> = Omit<QueryOf<"GET", P>, "cursor">;

type ListOptions<P extends PathOf<"GET">> = Omit<CallOptions<"GET", P>, "query"> & { query: FiltersOf<P> | undefined };
type ItemOf<P extends PathOf<"GET">> = AnswerOf<"GET", P> extends Page<infer T> ? T : never;
type PageOf<P extends PathOf<"GET">> = AnswerOf<"GET", P> & Page<ItemOf<P>>;

/** Makes the list of a route. */
export function listOf<P extends PathOf<"GET">>(
  transport: Transport,
  path: P,
  options: ListOptions<P>,
): Pages<ItemOf<P>, PageOf<P>> {
  return pagesOf<ItemOf<P>, PageOf<P>>((cursor) => {
    const query = { ...options.query, cursor };
    return call(transport, "GET", path, { ...options, query } as unknown as CallOptions<"GET", P>) as Promise<PageOf<P>>;
  });
}
