// The providers: their performance, models and prices, and the caller's own keys.
import { call } from "../parts/api.js";
import { h } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { duration, money, percent, providerName } from "../parts/format.js";
import { imageCost } from "./cost.js";
import { stateOf } from "./jobs.js";
import { notify } from "../parts/notices.js";
import { refresh } from "../frame/router.js";

const HEALTH = { ok: "Works", unknown: "Not used yet", degraded: "Often fails", down: "Not called for now" };

export async function showProviders(root, { signal }) {
  root.append(
    h(
      "header",
      { class: "screen-head" },
      h(
        "div",
        {},
        h("h1", { tabindex: "-1" }, "Providers"),
        h("p", { class: "fine" }, "Success and time cover the images of all users in the last seven days."),
      ),
    ),
    h("p", { class: "gallery-status", role: "status" }, "Loading …"),
  );
  const { data } = await call("GET", "/v1/providers", { signal });
  root.lastChild.remove();
  if (data.spending) root.append(spending(data.spending));
  root.append(
    h("section", { class: "card" }, h("h2", {}, "Performance"), performance(data.items)),
    h(
      "section",
      { class: "card" },
      h("h2", {}, "Price of an image"),
      h("p", { class: "fine" }, "Of the default size and quality, without references; the cheapest first."),
      comparison(data.items),
    ),
    ...data.items.map(provider),
  );
}

function spending({ today, month }) {
  const figure = (name, { spent_usd: spent, reserved_usd: reserved, budget_usd: budget }) =>
    h(
      "div",
      { class: "figure" },
      h("dt", {}, name),
      h(
        "dd",
        {},
        money(spent),
        reserved > 0 && h("p", { class: "fine" }, `${money(reserved)} reserved`),
        budget != null && h("p", { class: "fine" }, `of ${money(budget)}`),
      ),
    );
  return h("dl", { class: "figures" }, figure("You spent today", today), figure("You spent this month", month));
}

function performance(items) {
  return table(
    "Performance of the providers",
    [["Provider"], ["State"], ["Success", "is-number"], ["Time per image", "is-number"], ["Models", "is-number"]],
    items.map((item) => [
      providerName(item.provider),
      state(item),
      percent(item.success_rate),
      duration(item.average_ms),
      item.models.length,
    ]),
  );
}

/** All models that can be used, by what one image costs; those of unknown price come last. */
function comparison(items) {
  const rows = items
    .filter((item) => item.configured || item.own_key)
    .flatMap((item) => item.models.map((model) => ({ item, model, cost: imageCost(model) })))
    .toSorted((one, other) => (one.cost ?? Infinity) - (other.cost ?? Infinity));
  if (!rows.length) return h("p", {}, "No provider has a key yet.");
  return table(
    "Price of an image by model",
    [["Model"], ["Price", "is-number"], ["Provider"], ["Size"], ["Quality"]],
    rows.map(({ item, model, cost }) => [
      model.name,
      money(cost),
      providerName(item.provider),
      model.size_presets[0].replace("x", " × "),
      model.qualities[0] ?? "–",
    ]),
  );
}

function table(label, heads, rows) {
  return h(
    "div",
    { class: "table-frame", tabindex: "0", role: "region", "aria-label": label },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          heads.map(([name, kind]) => h("th", { class: kind }, name)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((cells) =>
          h(
            "tr",
            {},
            cells.map((cell, index) => h("td", { class: heads[index][1] }, cell)),
          ),
        ),
      ),
    ),
  );
}

function state(item) {
  if (!item.configured && !item.own_key) return h("span", { class: "state" }, "No key");
  const label = stateOf(item.health);
  label.textContent = HEALTH[item.health] ?? item.health;
  return label;
}

function provider(item) {
  return h(
    "details",
    { class: "card" },
    h("summary", {}, providerName(item.provider)),
    table(
      `Models of ${providerName(item.provider)}`,
      [["Model"], ["Sizes", "is-wide"], ["References"], ["As it is billed", "is-wide"]],
      item.models.map((model) => [
        model.name,
        model.sizes.slice(0, 4).join(", ") || "any",
        model.max_references || "none",
        prices(model),
      ]),
    ),
    ownKey(item),
  );
}

const prices = ({ prices: all = [] }) =>
  all.length
    ? all
        .map(
          (price) =>
            `${price.amount} ${price.currency} / ` +
            `${price.per === 1 ? "" : `${price.per.toLocaleString("en")} `}${price.unit.replaceAll("_", " ")}`,
        )
        .join("; ")
    : "unknown";

function ownKey(item) {
  const path = `/v1/provider-keys/${encodeURIComponent(item.provider)}`;
  const attempt = async (act, notice) => {
    try {
      await act();
      notify(notice);
      refresh();
    } catch (error) {
      notify(error.message, { isProblem: true });
    }
  };
  if (item.own_key)
    return h(
      "p",
      { class: "row" },
      "Your own key is used.",
      h(
        "button",
        {
          type: "button",
          class: "button is-danger-quiet",
          onclick: () => attempt(() => call("DELETE", path), "Your key is deleted."),
        },
        "Remove key",
      ),
    );
  const submit = (event) => {
    event.preventDefault();
    const { key, account_id: account } = Object.fromEntries(new FormData(event.target));
    attempt(
      () => call("PUT", path, { json: { key, ...(account && { account_id: account }) } }),
      "Your key is saved, encrypted. It cannot be read back.",
    );
  };
  return h(
    "form",
    { class: "stack", onsubmit: submit },
    field(
      "A key of your own",
      (id) => h("input", { id, name: "key", type: "password", required: true, autocomplete: "off" }),
      "Images are then made at your cost.",
    ),
    item.provider === "cloudflare" &&
      field("Cloudflare account", (id) => h("input", { id, name: "account_id", autocomplete: "off" })),
    h("p", {}, h("button", { class: "button" }, "Save key")),
  );
}
