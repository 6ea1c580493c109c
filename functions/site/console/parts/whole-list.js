// Does something to every image of a list: reads its ids, then acts on hundreds of them, and tells how it went.
import { runBatch } from "./batches.js";
import { tellFailures } from "./failures.js";
import { plural } from "./format.js";
import { notify } from "./notices.js";
import { showProgress } from "./progress.js";

/**
 * `readPage(cursor, signal)` answers a page of the list, which has about `total` images; `step(ids)` answers what a
 * batch does. `label` says what is done, `outcome` what was: "restored". Resolves to the ids of what is done.
 */
export async function forWholeList({ readPage, total, step, label, outcome }) {
  const { ids, names } = await readIds(readPage, total, label);
  const { done, failed, isStopped } = await runBatch({ ids, step, label });
  const words = `${plural(done.length, "image")} ${outcome}`;
  if (isStopped) notify(`Stopped: ${words}.`);
  else if (failed.length)
    tellFailures({
      title: `${words}, ${plural(failed.length, "image")} could not be`,
      failed,
      nameOf: (id) => names.get(id),
      retry: (those) => runBatch({ ids: those, step, label }),
    });
  else notify(`${words}.`);
  return done;
}

async function readIds(readPage, total, label) {
  const ending = new AbortController();
  const stop = () => ending.abort(new DOMException("Stopped.", "AbortError"));
  const progress = showProgress({ label: `${label}: looking`, total: Math.max(total, 1), stop });
  const names = new Map();
  let cursor = null;
  try {
    do {
      const page = await readPage(cursor, ending.signal);
      for (const card of page.items) names.set(card.id, card.filename);
      cursor = page.next_cursor;
      progress.show(names.size);
    } while (cursor && !ending.signal.aborted);
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  } finally {
    progress.end();
  }
  return { ids: ending.signal.aborted ? [] : [...names.keys()], names };
}
