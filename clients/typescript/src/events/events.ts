import type { Event } from "../api/types";
import { call, type AnswerOf, type QueryOf } from "../http/calls";
import type { SignalOption, Transport } from "../http/transport";

/** A page of events, and the cursor that continues after it: keep it to go on after a restart. */
export type EventPage = AnswerOf<"GET", "/v1/events">;

/** Where to begin, and which events to read. `after` is a `next_cursor`; without it and `since`, the oldest event is the first. */
export type EventFilters = Omit<QueryOf<"GET", "/v1/events">, "types" | "wait"> & { types?: readonly Event["type"][] | undefined };

/** Events as they happen. The iteration never ends by itself; an abort or a `break` ends it. */
export interface Events extends AsyncIterable<Event> {
  /** Iterates over pages, each as soon as it has an event. */
  pages(): AsyncIterable<EventPage>;
}

const WAIT_SECONDS = 20;

export function eventsOf(transport: Transport, { types, ...filters }: EventFilters = {}, options?: SignalOption): Events {
  async function* pages(): AsyncGenerator<EventPage> {
    for (let query: EventFilters = filters; ; ) {
      const page = await call(transport, "GET", "/v1/events", {
        query: { ...query, types: types?.join(), wait: WAIT_SECONDS },
        ...options,
      });
      query = { ...filters, since: undefined, after: page.next_cursor };
      if (page.items.length) yield page;
    }
  }

  return {
    pages,
    async *[Symbol.asyncIterator]() {
      for await (const page of pages()) yield* page.items;
    },
  };
}
