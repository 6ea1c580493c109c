// Work of many requests that goes on until all is done: it shows how far it is, and can be stopped.
import { ApiError } from "./errors.js";
import { h, unique, wait } from "./dom.js";
import { count } from "./format.js";
import { keepNoticesInReach, notify } from "./notices.js";

const PAUSES = [1000, 2000, 4000, 8000]; // ms before what may pass is tried again

/**
 * Do `work({report, attempt, signal})` behind a dialog. `report(done)` moves the bar, whose end is `total` if that is
 * known; `attempt(request)` repeats a request that may pass. Resolves to `{done, isStopped}`; a failure is shown, and
 * `done` is how far it came.
 */
export async function longWork({ title, total = null, work }) {
  const heading = unique("work");
  const ending = new AbortController();
  const bar = h("progress", { "aria-labelledby": heading, ...(total && { max: total, value: 0 }) });
  const figures = h("p", { class: "fine number" }, "Starting …");
  let done = 0;
  const stop = () => ending.abort(new DOMException("Stopped.", "AbortError"));
  const dialog = h(
    "dialog",
    {
      class: "dialog is-work",
      "aria-labelledby": heading,
      oncancel: (event) => {
        event.preventDefault();
        stop();
      },
    },
    h("h2", { id: heading }, title),
    bar,
    figures,
    h("div", { class: "row is-end" }, h("button", { type: "button", class: "button", onclick: stop }, "Stop")),
  );
  const report = (reached) => {
    done = reached;
    figures.textContent = total ? `${count(done)} of ${count(Math.max(total, done))}` : count(done);
    if (total) bar.value = Math.min(done, total);
  };
  document.body.append(dialog);
  dialog.showModal();
  keepNoticesInReach();
  try {
    await work({ report, signal: ending.signal, attempt: (request) => attempt(request, ending.signal) });
    return { done, isStopped: false };
  } catch (error) {
    if (!ending.signal.aborted) notify(error.message, { isProblem: true });
    return { done, isStopped: true };
  } finally {
    dialog.close();
    dialog.remove();
    keepNoticesInReach();
  }
}

async function attempt(request, signal) {
  for (const pause of PAUSES) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof ApiError) || !error.mayPass || signal.aborted) throw error;
      await wait(pause, signal);
    }
  }
  return request();
}
