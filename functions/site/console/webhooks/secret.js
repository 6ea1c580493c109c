// Gives a webhook another secret; the old one may sign too for a while.
import { call } from "../parts/api.js";
import { confirm } from "../parts/dialogs.js";
import { h } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { atMoment } from "../parts/format.js";
import { onSubmit } from "../parts/forms.js";

const OVERLAPS = { 24: "For a day", 1: "For an hour", 168: "For a week", 0: "No longer, because it has leaked" };

/** The form. `rotated(webhook, words)` gets the webhook with its new secret, and words about the old one. */
export function rotation(webhook, path, { rotated }) {
  const problem = h("p", { class: "form-problem", role: "alert" });
  const rotate = async (sent) => {
    const hours = Number(sent.get("overlap"));
    const question = {
      title: "Make a new secret?",
      text: hours
        ? "Each message has a signature of both secrets until the time is over."
        : "Your app refuses messages until it has the new secret. They are sent again later.",
      yes: "Make a new secret",
      isDangerous: !hours,
    };
    if (!(await confirm(question))) return;
    const { data } = await call("POST", `${path}/rotate-secret`, { json: { overlap_hours: hours } });
    const until = data.previous_secret_until;
    rotated(data, until ? `The old secret signs too until ${atMoment(until)}` : "The old secret signs no more");
  };
  const until = webhook.previous_secret_until;
  return h(
    "form",
    { class: "stack", onsubmit: onSubmit(rotate, (text) => (problem.textContent = text)) },
    until && h("p", { class: "fine" }, `An earlier secret signs too until ${atMoment(until)}. Another one ends it.`),
    field("The old secret signs too", (id) =>
      h(
        "select",
        { id, name: "overlap" },
        ["24", "1", "168", "0"].map((hours) => h("option", { value: hours }, OVERLAPS[hours])),
      ),
    ),
    problem,
    h("p", {}, h("button", { type: "submit", class: "button" }, "Make a new secret")),
  );
}
