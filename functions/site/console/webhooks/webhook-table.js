// The table of webhooks: where each sends, whether it works, and what can be done with it.
import { h } from "../parts/dom.js";
import { nameOf, stateOf } from "./words.js";

const NAMES = ["Webhook", "State", "Hears about", "Actions"];

export function webhookTable(list) {
  return h(
    "div",
    { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Webhooks" },
    h("table", {}, h("thead", {}, h("tr", {}, NAMES.map((name) => h("th", { scope: "col" }, name)))), list),
  );
}

/** A row of the table; `open`, `toggle` and `remove` get the webhook. */
export function webhookRow(webhook, { open, toggle, remove }) {
  const { style, name, why } = stateOf(webhook);
  const button = (words, kind, act) =>
    h(
      "button",
      {
        type: "button",
        class: `button ${kind}`,
        "aria-label": `${words} ${nameOf(webhook)}`,
        dataset: { action: act.name },
        onclick: () => act(webhook),
      },
      words,
    );
  return h(
    "tr",
    { dataset: { webhook: webhook.id } },
    h(
      "td",
      { class: "is-wide" },
      h("b", {}, nameOf(webhook)),
      webhook.description && h("p", { class: "fine" }, webhook.url),
    ),
    h(
      "td",
      { class: "is-wide" },
      h("span", { class: `state is-${style}` }, name),
      why && h("p", { class: "fine" }, why),
    ),
    h("td", { class: "is-wide" }, hearsAbout(webhook)),
    h(
      "td",
      {},
      h(
        "div",
        { class: "row" },
        button("Settings and deliveries", "", open),
        button(webhook.enabled ? "Disable" : "Enable", "", toggle),
        button("Delete", "is-danger-quiet", remove),
      ),
    ),
  );
}

const hearsAbout = ({ types, scope }) =>
  `${types ? types.join(", ") : "All events"}${scope === "all" ? " of all owners" : ""}`;
