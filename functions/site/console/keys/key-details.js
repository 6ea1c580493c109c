// The limits of one API key, to change, and what it has used in the last 30 days.
import { call } from "../parts/api.js";
import { fill, h } from "../parts/dom.js";
import { dropDraft, kept } from "../parts/drafts.js";
import { field } from "../parts/fields.js";
import { bytes, count, money, onDay } from "../parts/format.js";
import { onSubmit } from "../parts/forms.js";
import { notify } from "../parts/notices.js";
import { problemBox } from "../parts/problem-box.js";

const LIMITS = {
  requests_per_minute: "Requests a minute",
  images_per_day: "Images a day",
  images_per_month: "Images a month",
  bytes_per_day: "Bytes a day",
  bytes_per_month: "Bytes a month",
  cost_usd_per_day: "Dollars a day",
  cost_usd_per_month: "Dollars a month",
};
const COLUMNS = ["Day", "Requests", "Images", "Bytes", "Cost"];

/** Show a key in `root`, and move the focus there. `path` is the address of the key in the API. */
export async function showDetails(root, key, path, signal) {
  const usage = h("div", { "aria-live": "polite" }, h("p", { class: "fine" }, "Loading …"));
  root.hidden = false;
  root.setAttribute("aria-label", `Limits and usage of ${key.name}`);
  fill(
    root,
    h(
      "div",
      { class: "stack" },
      h("h2", {}, `Limits of ${key.name}`),
      key.status === "active" ? form(key, path) : h("p", { class: "fine" }, "The key has ended."),
      h("h2", {}, "Usage in the last 30 days"),
      usage,
    ),
  );
  root.focus();
  const load = async () => {
    try {
      const { data } = await call("GET", `${path}/usage`, { signal });
      fill(usage, data.days.length ? table(data) : h("p", { class: "fine" }, "Nothing was used."));
    } catch (error) {
      if (!signal.aborted) fill(usage, problemBox(error, { retry: load }));
    }
  };
  await load();
}

function form(key, path) {
  const draft = `limits.${key.id}`;
  const problem = h("p", { class: "form-problem", role: "alert" });
  const save = async (sent) => {
    const limits = Object.fromEntries(Object.keys(LIMITS).map((name) => [name, Number(sent.get(name)) || null]));
    const { data } = await call("PATCH", path, { json: { limits } });
    key.limits = data.limits;
    dropDraft(draft);
    notify("The limits are saved. They take effect within a minute.");
  };
  const limits = h(
    "form",
    { class: "stack", onsubmit: onSubmit(save, (text) => (problem.textContent = text)) },
    h("p", { class: "fine" }, "They count for whoever the key acts, by UTC. Empty is no limit."),
    h(
      "div",
      { class: "pair" },
      Object.entries(LIMITS).map(([name, words]) => field(words, (id) => input(id, name, key.limits[name]))),
    ),
    problem,
    h("p", {}, h("button", { type: "submit", class: "button is-main" }, "Save limits")),
  );
  kept(limits, draft);
  return limits;
}

function input(id, name, value) {
  const isCost = name.startsWith("cost");
  return h("input", {
    id,
    name,
    type: "number",
    min: isCost ? 0.000001 : 1,
    step: isCost ? "any" : 1,
    value: value ?? "",
  });
}

function table({ days, total }) {
  const row = (name, used) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h("td", {}, used.requests === null ? "–" : count(used.requests)),
      h("td", {}, count(used.images)),
      h("td", {}, bytes(used.size_bytes)),
      h("td", {}, money(used.cost_usd)),
    );
  return h(
    "div",
    { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Usage by day" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          COLUMNS.map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h(
        "tbody",
        {},
        days.toReversed().map((day) => row(onDay(day.date), day)),
      ),
      h("tfoot", {}, row("All days", total)),
    ),
  );
}
