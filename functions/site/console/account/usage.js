// What an account has used, beside its limits: images, storage and money, and each of the last days.
import { call } from "../parts/api.js";
import { fill, h } from "../parts/dom.js";
import { bytes, count, money, onDay, percent } from "../parts/format.js";
import { problemBox } from "../parts/problem-box.js";

const COLUMNS = ["Day", "Stored", "Size", "Generated", "Cost"];

/** A card that fills itself. */
export function usage(signal) {
  const body = h("div", { "aria-live": "polite" }, h("p", { class: "fine" }, "Loading …"));
  const load = async () => {
    try {
      const [stats, providers] = await Promise.all([
        call("GET", "/v1/stats", { signal }),
        call("GET", "/v1/providers", { signal }).catch((error) => {
          if (error.isNotDeployed || error.status === 403) return { data: {} }; // nothing is generated here
          throw error;
        }),
      ]);
      fill(body, meters(stats.data, providers.data.spending), days(stats.data));
    } catch (error) {
      if (!signal.aborted) fill(body, problemBox(error, { retry: load }));
    }
  };
  load();
  return h("section", { class: "card" }, h("h2", {}, "Usage and limits"), body);
}

function meters({ images, size_bytes: size, quota }, spending) {
  return h(
    "dl",
    { class: "figures" },
    meter("Images, the trash included", images, quota?.images, count),
    meter("Storage", size, quota?.size_bytes, bytes),
    spending && ["today", "month"].map((period) => spent(period, spending[period])),
  );
}

function spent(period, { spent_usd: spent, reserved_usd: reserved, budget_usd: budget }) {
  const name = period === "today" ? "Spent today" : "Spent this month";
  return meter(name, spent + reserved, budget, money, reserved > 0 && `${money(reserved)} of it is held`);
}

/** A figure, and how much of a limit it is. */
function meter(name, used, limit, say, more) {
  const isLimited = limit !== null && limit !== undefined;
  const left = Math.max(0, limit - used);
  return h(
    "div",
    { class: "figure" },
    h("dt", {}, name),
    h(
      "dd",
      {},
      say(used),
      isLimited && h("progress", { max: limit, value: Math.min(used, limit), "aria-label": `${name}, of the limit` }),
      h(
        "p",
        { class: "fine" },
        isLimited
          ? `${percent(used / limit)} of ${say(limit)}; ${left > 0 ? `${say(left)} left` : "nothing left"}`
          : "No limit",
      ),
      more && h("p", { class: "fine" }, more),
    ),
  );
}

function days({ days: stored, generation }) {
  const rows = new Map();
  const rowOf = (date) => rows.get(date) ?? rows.set(date, { images: 0, size: 0, made: 0, cost: 0 }).get(date);
  for (const { date, images, size_bytes: size } of stored) Object.assign(rowOf(date), { images, size });
  for (const { date, by_provider: providers } of generation.days) {
    const row = rowOf(date);
    for (const { succeeded, cost_usd: cost, unknown_costs: unknown } of Object.values(providers)) {
      row.made += succeeded;
      row.cost = row.cost === null || (unknown > 0 && !cost) ? null : row.cost + (cost ?? 0);
    }
  }
  if (!rows.size) return h("p", { class: "fine" }, "Nothing was stored or generated in the last 30 days.");
  const newestFirst = [...rows].sort(([one], [other]) => (one < other ? 1 : -1));
  return h(
    "details",
    {},
    h("summary", {}, "The last 30 days"),
    h(
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
            COLUMNS.map((name, index) => h("th", { class: index ? "is-number" : null }, name)),
          ),
        ),
        h(
          "tbody",
          {},
          newestFirst.map(([date, { images, size, made, cost }]) =>
            h(
              "tr",
              {},
              h("td", {}, onDay(`${date}T12:00`)),
              [count(images), bytes(size), count(made), money(cost)].map((text) =>
                h("td", { class: "is-number" }, text),
              ),
            ),
          ),
        ),
      ),
    ),
    h("p", { class: "fine" }, "Days are those of UTC. Stored images are those that are still there."),
  );
}
