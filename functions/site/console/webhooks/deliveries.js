// What was sent to a webhook in the last 30 days: the newest first, one status or all, page by page.
import { call } from "../parts/api.js";
import { fill, h } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { atMoment, count } from "../parts/format.js";
import { problemBox } from "../parts/problem-box.js";
import { nextAttemptOf, outcomeOf, statusOf } from "./words.js";

const NAMES = ["Event", "Status", "Attempts", "Last attempt", "Next attempt", "Actions"];
const FILTERS = { "": "All", pending: "Pending", delivered: "Delivered", failed: "Failed" };
const PAGE = 20;

/** `{element, load}`: the list, and what loads it anew. `again(delivery)` sends an event again. */
export function deliveryList(path, { again, signal }) {
  const list = h("tbody");
  const said = h("p", { class: "fine", role: "status" });
  const more = h("p", { class: "row" });
  const reload = () => load(null);
  const filter = field("Show", (id) =>
    h(
      "select",
      { id, onchange: reload },
      Object.entries(FILTERS).map(([value, words]) => h("option", { value }, words)),
    ),
  );
  const chosen = filter.querySelector("select");
  let latest = 0;

  async function load(cursor) {
    const asked = (latest += 1);
    said.textContent = "Loading …";
    try {
      const query = { limit: PAGE, status: chosen.value, cursor };
      const { data } = await call("GET", `${path}/deliveries`, { query, signal });
      if (asked !== latest) return; // another list was chosen meanwhile
      const rows = data.items.map((delivery) => row(delivery, again));
      const focused = list.contains(document.activeElement) && document.activeElement.closest("tr").dataset.event;
      if (cursor === null) list.replaceChildren();
      list.append(...rows);
      said.textContent = summary(list.children.length, data.next_cursor);
      fill(
        more,
        data.next_cursor &&
          h("button", { type: "button", class: "button", onclick: () => load(data.next_cursor) }, "Load more"),
      );
      // What was pressed is gone: the focus goes to the same event, or to the first one of the next page.
      const next = cursor === null ? rows.find((each) => each.dataset.event === focused) : (rows[0] ?? more);
      next?.querySelector("button")?.focus();
    } catch (error) {
      if (signal.aborted || asked !== latest) return;
      said.textContent = "";
      fill(more, problemBox(error, { retry: () => load(cursor) }));
    }
  }

  const element = h(
    "div",
    { class: "stack" },
    h(
      "div",
      { class: "row is-even" },
      filter,
      h("button", { type: "button", class: "button", onclick: reload }, "Refresh"),
    ),
    table(list),
    said,
    more,
  );
  return { element, load: reload };
}

function summary(shown, cursor) {
  if (shown) return `${count(shown)} shown.`;
  return cursor ? "None so far. Load more to look further back." : "No deliveries.";
}

function table(list) {
  return h(
    "div",
    { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Deliveries" },
    h("table", {}, h("thead", {}, h("tr", {}, NAMES.map((name) => h("th", { scope: "col" }, name)))), list),
  );
}

function row(delivery, again) {
  const { event, attempts, last_attempt: last } = delivery;
  const [style, name] = statusOf(delivery);
  return h(
    "tr",
    { dataset: { event: event.id } },
    h("td", { class: "is-wide" }, h("b", {}, event.type), h("p", { class: "fine" }, event.id)),
    h("td", {}, h("span", { class: `state is-${style}` }, name)),
    h("td", {}, count(attempts)),
    h("td", { class: "is-wide" }, last ? [outcomeOf(last), h("p", { class: "fine" }, atMoment(last.at))] : "–"),
    h("td", {}, nextAttemptOf(delivery)),
    h(
      "td",
      {},
      h(
        "button",
        {
          type: "button",
          class: "button",
          "aria-label": `Send ${event.type} ${event.id} again`,
          onclick: () => again(delivery),
        },
        "Send again",
      ),
    ),
  );
}
