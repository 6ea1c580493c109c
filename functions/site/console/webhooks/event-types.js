// The choice of the events that a webhook hears about.
import { h, unique } from "../parts/dom.js";

/** The types that a webhook can be limited to. A test event is sent to every webhook. */
export const EVENT_TYPES = {
  "image.created": "An image is complete",
  "image.updated": "An image has changed",
  "image.published": "An image is public",
  "image.unpublished": "An image is no longer public",
  "image.trashed": "An image is in the trash",
  "image.restored": "An image is back from the trash",
  "image.deleted": "An image is gone for good",
  "generation.item_finished": "One image of a generation has ended",
  "generation.finished": "A generation has ended",
  "budget.reached": "80 % or 100 % of a budget is used",
  "cleanup.finished": "A run of cleanup has ended",
  "webhook.disabled": "The store has disabled a webhook",
};

/** Checkboxes for types; `types` is null for all, those of later versions too. */
export function typeChoices(types) {
  const list = h(
    "div",
    { class: "checks" },
    Object.entries(EVENT_TYPES).map(([type, words]) =>
      checkbox("type", type, `${words} (${type})`, types?.includes(type)),
    ),
  );
  list.hidden = types === null;
  const change = (event) => (list.hidden = event.target.checked);
  return h(
    "fieldset",
    { class: "stack" },
    h("legend", {}, "What it hears about"),
    checkbox("all_types", "yes", "All events, those of later versions too", types === null, change),
    list,
  );
}

/**
 * The types that a form chooses, as the API takes them. Types that this page does not know stay as they are in
 * `before`. Throws Error if nothing is chosen.
 */
export function chosenTypes(sent, before) {
  if (sent.get("all_types")) return null;
  const others = (before ?? []).filter((type) => !(type in EVENT_TYPES));
  const types = [...sent.getAll("type"), ...others];
  if (!types.length) throw new Error("Choose at least one kind of event.");
  return types;
}

function checkbox(name, value, words, isChosen, change) {
  const id = unique("choice");
  return h(
    "div",
    { class: "check" },
    h("input", { id, type: "checkbox", name, value, checked: Boolean(isChosen), onchange: change ?? (() => {}) }),
    h("label", { for: id }, words),
  );
}
