// Waits for news of jobs: by their events, and by a look now and then.
import { call } from "../parts/api.js";
import { wait } from "../parts/dom.js";

const TYPES = "generation.item_finished,generation.finished";
const FIRST_WAIT_SECONDS = 2;
const LONGEST_WAIT_SECONDS = 20;
/** By how much the clocks of the store's functions may differ. */
const CLOCK_SKEW_MS = 5000;
/** Between two pages of events that are about other jobs. */
const PAUSE_MS = 1000;
const FIRST_LOOK_MS = 1000;
const LAST_LOOK_MS = 5000;

/** Whether a job or an image of it has not ended. */
export const isRunning = ({ status }) => status === "queued" || status === "running";

/**
 * `next(jobs)`: wait until it is worth while to look at these jobs again. Throws AbortError when the signal ends it.
 *
 * That is when an event says something that they do not show. What begins has no event, so it is also after 2, 4, 8, 16
 * and then every 20 seconds. A tab that nobody sees asks for nothing, as a request that waits keeps a function running.
 */
export function jobNews(signal) {
  let after = null;
  let seconds = FIRST_WAIT_SECONDS;
  let look = FIRST_LOOK_MS;
  let hasEvents = true;

  return async function next(jobs) {
    while (hasEvents) {
      await seen(signal);
      let page;
      try {
        const start = after === null ? { since: lastChange(jobs) } : { after };
        const query = { ...start, types: TYPES, limit: 100, wait: seconds };
        ({ data: page } = await call("GET", "/v1/events", { query, signal }));
      } catch (error) {
        if (error.name === "AbortError") throw error;
        hasEvents = false; // a look at the job says what is wrong
        break;
      }
      after = page.next_cursor;
      if (page.items.some((event) => isNews(event, jobs))) return;
      if (!page.items.length && !page.has_more) {
        seconds = Math.min(LONGEST_WAIT_SECONDS, 2 * seconds);
        return;
      }
      await wait(PAUSE_MS, signal);
    }
    await wait(look, signal);
    look = Math.min(LAST_LOOK_MS, look * 1.15);
    await seen(signal);
  };
}

/** From here on there are events of which the jobs show nothing. */
function lastChange(jobs) {
  const last = Math.min(...jobs.map((job) => Date.parse(job.updated_at)));
  return new Date(last - CLOCK_SKEW_MS).toISOString();
}

/** Whether an event tells of an end that the jobs do not show. The jobs of a list show none of their images. */
function isNews({ type, data }, jobs) {
  const job = jobs.find(({ id }) => id === data.generation_id);
  if (!job) return false;
  const item = job.items?.find(({ index }) => index === data.index);
  return type === "generation.finished" || !item || isRunning(item);
}

/** Wait until somebody sees the tab. */
async function seen(signal) {
  while (document.hidden) {
    await new Promise((resolve) => {
      const heard = new AbortController();
      const hear = () => {
        heard.abort();
        resolve();
      };
      document.addEventListener("visibilitychange", hear, { signal: heard.signal });
      signal.addEventListener("abort", hear, { signal: heard.signal });
      if (signal.aborted) hear();
    });
    signal.throwIfAborted();
  }
}
