// What is stored, and what making images cost: figures and plots.
import { call } from "../parts/api.js";
import { person } from "../frame/auth.js";
import { fill, h, unique } from "../parts/dom.js";
import { bytes, count, kindName, mediaType, money, percent, providerName, visibilityName } from "../parts/format.js";
import { bars, curve, stacks } from "./plots.js";
import { problemBox } from "../parts/problem-box.js";
import { go } from "../frame/router.js";

const SPANS = [
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "A year"],
];
const DAY = 86_400_000;

export async function showStatistics(root, { query, signal }) {
  const span = query.get("days") ?? "30";
  const scope = query.get("scope") ?? "own";
  const body = h("div", { "aria-live": "polite" }, h("p", { class: "gallery-status" }, "Loading …"));
  const to = new Date(Math.ceil(Date.now() / DAY) * DAY);
  const from = new Date(to.getTime() - Number(span) * DAY);
  root.append(
    h(
      "header",
      { class: "screen-head" },
      h("h1", { tabindex: "-1" }, "Statistics"),
      h(
        "div",
        { class: "row" },
        person().isAdmin &&
          choice(
            "Whose",
            [
              ["own", "Mine"],
              ["all", "Everybody's"],
            ],
            scope,
            (value) => go(`/statistics?days=${span}&scope=${value}`),
          ),
        choice("Time", SPANS, span, (value) => go(`/statistics?days=${value}&scope=${scope}`)),
      ),
    ),
    body,
  );
  try {
    const asked = { from: dayOf(from), to: dayOf(to), ...(scope === "all" ? { scope } : {}) };
    const [{ data: stats }, providers] = await Promise.all([
      call("GET", "/v1/stats", { query: asked, signal }),
      call("GET", "/v1/providers", { signal }).then(
        ({ data }) => data,
        () => null,
      ),
    ]);
    const plots = h("div", { class: "plots" });
    fill(body, figures(stats, providers), plots);
    let width = 0;
    const resized = new ResizeObserver(() => {
      if (plots.clientWidth === width) return;
      width = plots.clientWidth;
      fill(plots, plotsOf(stats, providers, from, to)); // drawn anew for the width, and never scaled
    });
    resized.observe(plots);
    signal.addEventListener("abort", () => resized.disconnect());
  } catch (error) {
    if (!signal.aborted) fill(body, problemBox(error));
  }
}

const dayOf = (date) => date.toISOString().slice(0, 10);

function figures(stats, providers) {
  const figure = (name, value, about) =>
    h("div", { class: "figure" }, h("dt", {}, name), h("dd", {}, value, about && h("p", { class: "fine" }, about)));
  return h(
    "dl",
    { class: "figures" },
    figure("Images", count(stats.images), `${count(stats.trash.images)} in the trash`),
    figure("Storage", bytes(stats.size_bytes), `${bytes(stats.trash.size_bytes)} in the trash`),
    figure("On average", stats.images ? bytes(Math.round(stats.size_bytes / stats.images)) : "–", "an image"),
    providers?.spending &&
      figure(
        "Spent this month",
        money(providers.spending.month.spent_usd),
        `${money(providers.spending.today.spent_usd)} today`,
      ),
  );
}

function plotsOf(stats, providers, from, to) {
  const share = (title, parts, name) =>
    Object.keys(parts ?? {}).length > 0 &&
    bars({
      title,
      say: count,
      bars: Object.entries(parts)
        .slice(0, 8)
        .map(([key, { images }]) => ({ name: name(key), value: images, of: stats.images })),
    });
  const all = everyDay(from, to);
  const stored = new Map(stats.days.map((day) => [day.date, day]));
  let total = stats.size_bytes - stats.days.reduce((sum, day) => sum + day.size_bytes, 0);
  const grown = all.map((day) => ({ day, value: (total += stored.get(day)?.size_bytes ?? 0) }));
  const made = stats.generation?.days ?? [];
  const costs = new Map(
    made.map((day) => [
      day.date,
      Object.fromEntries(
        Object.entries(day.by_provider ?? {}).map(([name, { cost_usd: cost }]) => [providerName(name), cost ?? 0]),
      ),
    ]),
  );
  const rates = (providers?.items ?? []).filter(({ success_rate: rate }) => rate !== null);
  return [
    curve({ title: "Storage by day", points: grown, say: bytes }),
    stacks({
      title: "Images added by day",
      stacks: all.map((day) => ({ day, parts: { Images: stored.get(day)?.images ?? 0 } })),
      say: (value) => count(Number(value.toFixed(1))),
    }),
    share("Formats", stats.by_format, mediaType),
    share("Kinds", stats.by_kind, kindName),
    share("Visibility", stats.by_visibility, visibilityName),
    share("Models", stats.by_model, String),
    made.length > 0 &&
      stacks({
        title: "Cost by provider and day",
        stacks: all.map((day) => ({ day, parts: costs.get(day) ?? {} })),
        say: money,
      }),
    rates.length > 0 &&
      bars({
        title: "Success rate by provider",
        say: percent,
        bars: rates.map(({ provider, success_rate: value }) => ({ name: providerName(provider), value, of: 1 })),
      }),
  ];
}

function everyDay(from, to) {
  const days = [];
  for (let at = from.getTime(); at < to.getTime(); at += DAY) days.push(dayOf(new Date(at)));
  return days;
}

function choice(legend, pairs, current, act) {
  const name = unique("choice");
  return h(
    "fieldset",
    { class: "segmented" },
    h("legend", { class: "unseen" }, legend),
    pairs.map(([value, label]) =>
      h(
        "label",
        {},
        h("input", { type: "radio", name, value, checked: value === current, onchange: () => act(value) }),
        h("span", {}, label),
      ),
    ),
  );
}
