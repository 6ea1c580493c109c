import type { Event, Job } from "../api/types";
import { call } from "../http/calls";
import { ImageStoreError } from "../http/errors";
import { sleep } from "../http/retries";
import type { SignalOption, Transport } from "../http/transport";

const TYPES = "generation.item_finished,generation.finished";
const FIRST_WAIT_SECONDS = 2;
const LONGEST_WAIT_SECONDS = 20;
/** By how much the clocks of the store's functions may differ. */
const CLOCK_SKEW_MS = 5000;
/** Between two pages of events that are about other jobs. */
const PAUSE_SECONDS = 1;

const FIRST_PAUSE_SECONDS = 1;
const LAST_PAUSE_SECONDS = 5;
const PAUSE_GROWTH = 1.3;

const isRunning = (status: string | undefined) => status === "queued" || status === "running";

/** Yields a job as it is now, then whenever it has changed, until it has ended. */
export async function* watchJob(transport: Transport, get: () => Promise<Job>, options: SignalOption = {}): AsyncGenerator<Job> {
  const news = newsOf(transport, options);
  let before: string | undefined;
  for (;;) {
    const job = await get();
    const now = JSON.stringify(job);
    if (now !== before) yield job;
    before = now;
    if (!isRunning(job.status)) return;
    await news(job);
  }
}

/**
 * Returns a function that waits until it is worth while to look at a job again.
 *
 * That is when an event says something that the job did not show. What begins has no event, so it also returns after
 * 2, 4, 8, 16 and then every 20 seconds. A caller who gets no events looks every one to five seconds.
 */
function newsOf(transport: Transport, { signal }: SignalOption): (job: Job) => Promise<void> {
  let after: string | undefined;
  let wait = FIRST_WAIT_SECONDS;
  let pause = FIRST_PAUSE_SECONDS;
  let hasEvents = true;

  async function pageOf(job: Job) {
    // From the last change that the job shows: what has come since the job was read is in the first page.
    const since = new Date(Date.parse(job.updated_at) - CLOCK_SKEW_MS).toISOString();
    const start = after === undefined ? { since } : { after };
    return call(transport, "GET", "/v1/events", { query: { ...start, types: TYPES, limit: 100, wait }, signal, isRepeatable: false });
  }

  return async (job) => {
    while (hasEvents) {
      try {
        const page = await pageOf(job);
        after = page.next_cursor;
        if (page.items.some((event) => isNews(event, job))) return;
        if (!page.items.length && !page.has_more) {
          wait = Math.min(LONGEST_WAIT_SECONDS, 2 * wait);
          return;
        }
      } catch (error) {
        // Without the right to read images there are no events. If the store is away, a look at the job says so.
        if (!(error instanceof ImageStoreError)) throw error;
        hasEvents = false;
        break;
      }
      await sleep(PAUSE_SECONDS, signal);
    }
    await sleep(pause, signal);
    pause = Math.min(LAST_PAUSE_SECONDS, pause * PAUSE_GROWTH);
  };
}

/** Says whether an event tells of an end that the job does not show. */
function isNews({ type, data }: Event, job: Job): boolean {
  if (type === "generation.finished") return data.generation_id === job.id;
  if (type !== "generation.item_finished" || data.generation_id !== job.id) return false;
  return isRunning(job.items.find(({ index }) => index === data.index)?.status);
}
