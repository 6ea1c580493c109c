// Reads the events of the last 30 days from the newest to the oldest. The API has them in the other order only: it is
// asked for windows of time, from the latest to the earliest, which are as long as there are few events in them.
import { call } from "../parts/api.js";

const MINUTE = 60_000;
const DAY = 86_400_000;
const KEPT = 30 * DAY;
const LONGEST = 10 * DAY;
const PAGE = 100;
/** How many events `earlier` looks for. */
const ENOUGH = 30;
/** Requests for one window; one with more events is made shorter. */
const MAX_PAGES = 5;
/** Requests of one call of `earlier`, however few events there are. */
const MAX_REQUESTS = 40;
/** An event is in the log a little later than it happened. */
const DELAY = MINUTE;

/** A log to be read backwards. `types` is empty for all events. */
export function eventLog({ types, signal, now = Date.now() }) {
  const seen = new Set();
  const oldest = now - KEPT;
  let end = now + DELAY;
  let span = DAY;
  let requests = 0;

  /** The next earlier events, the newest first; `until` is how far back it has looked, `isEnd` whether that is all. */
  async function earlier() {
    const found = [];
    requests = 0;
    while (found.length < ENOUGH && end > oldest && requests < MAX_REQUESTS) {
      const start = Math.max(oldest, end - span);
      const events = await between(start, end);
      if (events === null) {
        span = Math.max(MINUTE, Math.floor((end - start) / 4));
        continue;
      }
      for (const event of events) seen.add(event.id);
      found.push(...events.sort((one, other) => (one.created_at < other.created_at ? 1 : -1)));
      end = start;
      if (events.length < ENOUGH) span = Math.min(LONGEST, span * 4);
    }
    return { events: found, until: end, isEnd: end <= oldest };
  }

  /** The unseen events of a window; null if there are too many for one. */
  async function between(start, end) {
    const events = new Map();
    let place = { since: new Date(start).toISOString() };
    for (let page = 1; ; page += 1) {
      if (page > MAX_PAGES && end - start > MINUTE) return null;
      const query = { ...place, limit: PAGE, types: types.join() };
      const { data } = await call("GET", "/v1/events", { query, signal });
      requests += 1;
      for (const event of data.items) {
        if (Date.parse(event.created_at) >= end + DELAY) return [...events.values()];
        if (!seen.has(event.id)) events.set(event.id, event);
      }
      if (!data.has_more) return [...events.values()];
      place = { after: data.next_cursor };
    }
  }

  return { earlier };
}
