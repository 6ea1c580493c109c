// Sends events to a webhook now: a test, one event again, all that failed, or all of a time. A replay is followed to
// its end.
import { call } from "../parts/api.js";
import { h, wait } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { onSubmit } from "../parts/forms.js";
import { atMoment } from "../parts/format.js";
import { notify } from "../parts/notices.js";
import { nextAttemptOf, outcomeOf } from "./words.js";

const LOOK_EVERY_MS = 1000;
const LOOKS = 30;
const LOOKS_TO_FIND_IT = 5;
const LONGEST_LOOK_MS = 10_000;
const MOST_LISTED = 100;

/**
 * `{element, again}`: buttons and a form, and what sends one event again. `sent()` is called when there is news.
 * `replay` is one that is under way already, or null.
 */
export function sending(path, { replay, sent, signal }) {
  const said = h("p", { class: "fine", role: "status" });
  const problem = h("p", { class: "form-problem", role: "alert" });
  const bar = h("progress", { "aria-label": "Replay", max: 1, hidden: true });

  const sayHere = (text, { isProblem = false } = {}) => {
    said.textContent = isProblem ? "" : text;
    problem.textContent = isProblem ? text : "";
  };

  /** Do it and say what came of it, or what went wrong. */
  async function attempt(act, say = sayHere) {
    say("Sending …");
    try {
      say(await act());
      await sent();
    } catch (error) {
      if (!signal.aborted) say(error.message, { isProblem: true });
    }
  }

  const test = () =>
    attempt(async () => {
      const { data } = await call("POST", `${path}/test`);
      return result(await watch(data), "The test event");
    });

  const again = (delivery) =>
    attempt(async () => {
      await call("POST", `${path}/replay`, { json: { event_id: delivery.event.id } });
      return result(await watch(delivery), "The event");
    }, notify); // the row that was pressed may be far below

  const replayFailed = () =>
    attempt(async () => {
      await call("POST", `${path}/replay`, { json: { failed: true } });
      return follow();
    });

  const replayTime = (form) =>
    attempt(async () => {
      await call("POST", `${path}/replay`, { json: timeOf(form) });
      return follow();
    });

  /** Show how far a replay is until it has ended. An app that accepts nothing can make that take long. */
  async function follow() {
    bar.hidden = false;
    try {
      for (let pause = LOOK_EVERY_MS; ; pause = Math.min(LONGEST_LOOK_MS, pause * 1.3)) {
        await wait(pause, signal);
        if (document.hidden) continue;
        if (!said.isConnected) return ""; // another webhook is looked at
        const { data } = await call("GET", path, { signal });
        if (!data.replay) return "The replay has ended. The list shows what came of it.";
        showProgress(data.replay);
      }
    } finally {
      bar.hidden = true;
    }
  }

  function showProgress({ after, until, reached_at: reached }) {
    sayHere(
      after === null
        ? "All that failed is sent again."
        : `The events of this time are sent again. Those until ${atMoment(reached)} were sent.`,
    );
    const part = after === null ? null : (new Date(reached) - new Date(after)) / (new Date(until) - new Date(after));
    if (part === null) bar.removeAttribute("value");
    else bar.value = Math.min(1, Math.max(0, part));
  }

  /** Look at a delivery until it was tried once more; null if that takes too long, or if it is far down the list. */
  async function watch(before) {
    for (let look = 1; look <= LOOKS; look += 1) {
      await wait(LOOK_EVERY_MS, signal);
      const { data } = await call("GET", `${path}/deliveries`, { query: { limit: MOST_LISTED }, signal });
      const after = data.items.find(({ event }) => event.id === before.event.id);
      if (after?.attempts > before.attempts) return after;
      if (!after && look >= LOOKS_TO_FIND_IT) break;
    }
    return null;
  }

  const element = h(
    "div",
    { class: "stack" },
    h("p", { class: "row" }, button("Send a test event", test), button("Send all that failed again", replayFailed)),
    h(
      "form",
      { class: "stack", onsubmit: onSubmit(replayTime, (text) => (problem.textContent = text)) },
      h(
        "div",
        { class: "choices" },
        field(
          "From",
          (id) => h("input", { id, name: "after", type: "datetime-local", required: true }),
          "Events stay for 30 days.",
        ),
        field("Until", (id) => h("input", { id, name: "until", type: "datetime-local" }), "Empty is now."),
      ),
      h("p", {}, h("button", { type: "submit", class: "button" }, "Send the events of this time again")),
    ),
    said,
    bar,
    problem,
  );
  if (replay) {
    attempt(follow);
    showProgress(replay);
  }
  return { element, again };
}

/** A button that does nothing more until its act has ended. `disabled` would take the focus away. */
function button(words, act) {
  const press = async ({ currentTarget: pressed }) => {
    if (pressed.ariaDisabled === "true") return;
    pressed.ariaDisabled = "true";
    await act();
    pressed.ariaDisabled = null;
  };
  return h("button", { type: "button", class: "button", onclick: press }, words);
}

/** The times of a form, which are in the time zone of the browser, as the API takes them. */
function timeOf(form) {
  const moment = (name) => new Date(form.get(name)).toISOString();
  return { after: moment("after"), ...(form.get("until") && { until: moment("until") }) };
}

function result(delivery, what) {
  if (!delivery) return `${what} is on its way. Refresh the list to see what comes of it.`;
  const outcome = outcomeOf(delivery.last_attempt);
  if (delivery.status === "delivered") return `${what} was delivered. ${outcome}.`;
  const next = delivery.next_attempt_at ? ` The next attempt is ${nextAttemptOf(delivery)}.` : "";
  return `${what} was not accepted. ${outcome}.${next}`;
}
