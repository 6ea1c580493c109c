// Sends events to a webhook now: a test, one event again, all that failed, or all of a time.
import { call } from "../parts/api.js";
import { h, wait } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { onSubmit } from "../parts/forms.js";
import { notify } from "../parts/notices.js";
import { nextAttemptOf, outcomeOf } from "./words.js";

const LOOK_EVERY_MS = 1000;
const LOOKS = 30;
const LOOKS_TO_FIND_IT = 5;
const MOST_LISTED = 100;

/** `{element, again}`: buttons and a form, and what sends one event again. `sent()` is called when there is news. */
export function sending(path, { sent, signal }) {
  const said = h("p", { class: "fine", role: "status" });
  const problem = h("p", { class: "form-problem", role: "alert" });

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
      return "All that failed is sent again. Refresh the list to see how far it is.";
    });

  const replayTime = (form) =>
    attempt(async () => {
      await call("POST", `${path}/replay`, { json: timeOf(form) });
      return "The events of this time are sent again. Refresh the list to see how far it is.";
    });

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
    problem,
  );
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
