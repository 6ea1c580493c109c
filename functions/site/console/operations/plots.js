// Plots, drawn as SVG; each with its numbers as a table for those who cannot see it, or want them.
import { h, s } from "../parts/dom.js";

const HEIGHT = 200;
const LEFT = 56;
const BOTTOM = 22;
const SERIES = 6;

/** As wide as a plot is shown, so that no drawing is scaled and every label has its size. */
function across() {
  const screen = document.querySelector(".screen")?.clientWidth ?? 640;
  const isNarrow = matchMedia("(max-width: 860px)").matches;
  return Math.max(240, Math.floor(isNarrow ? screen - 34 : (screen - 16) / 2 - 42));
}

/** A curve over days: `points` are `{day, value}`. */
export function curve({ title, points, say }) {
  const width = across();
  const { top, ticks } = scale(points.map(({ value }) => value));
  const x = (index) => LEFT + (index * (width - LEFT - 8)) / Math.max(1, points.length - 1);
  const y = (value) => 10 + (1 - value / top) * (HEIGHT - BOTTOM - 10);
  const line = points
    .map(({ value }, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`)
    .join("");
  return figure(
    title,
    [["Day", title], ...points.map(({ day, value }) => [day, say(value)])],
    plot(
      width,
      grid(width, ticks, y, say),
      s("path", { class: "area", d: `${line}L${x(points.length - 1)} ${y(0)}L${x(0)} ${y(0)}Z` }),
      s("path", { class: "curve", d: line }),
      days(
        points.map(({ day }) => day),
        x,
      ),
    ),
  );
}

/** Bars beside names, the longest first: `bars` are `{name, value, of}`; `of` is the full length where there is one. */
export function bars({ title, bars: given, say }) {
  const width = across();
  const longest = Math.max(...given.map(({ value, of }) => of ?? value), 0) || 1;
  const row = 36;
  const drawn = given.map(({ name, value }, index) =>
    s(
      "g",
      { transform: `translate(0 ${index * row})` },
      s("text", { class: "label", x: 0, y: 12 }, name),
      s("text", { x: width, y: 12, "text-anchor": "end" }, say(value)),
      s("rect", { class: "track", x: 0, y: 18, width: width, height: 8, rx: 4 }),
      value > 0 &&
        s("rect", {
          class: "series-1",
          x: 0,
          y: 18,
          width: Math.max(4, (width * value) / longest),
          height: 8,
          rx: 4,
        }),
    ),
  );
  const svg = s(
    "svg",
    {
      width,
      height: Math.max(1, given.length) * row,
      viewBox: `0 0 ${width} ${Math.max(1, given.length) * row}`,
      "aria-hidden": "true",
    },
    drawn,
  );
  return figure(title, [["", title], ...given.map(({ name, value }) => [name, say(value)])], svg);
}

/** Bars over days, each made of parts: `stacks` are `{day, parts: {name: value}}`. */
export function stacks({ title, stacks: given, say }) {
  const names = [...new Set(given.flatMap(({ parts }) => Object.keys(parts)))].slice(0, SERIES);
  const width = across();
  const { top, ticks } = scale(given.map(({ parts }) => sum(names.map((name) => parts[name] ?? 0))));
  const step = (width - LEFT - 8) / given.length;
  const x = (index) => LEFT + index * step;
  const y = (value) => 10 + (1 - value / top) * (HEIGHT - BOTTOM - 10);
  const drawn = given.flatMap(({ parts }, index) => {
    let below = 0;
    return names.map((name, series) => {
      const value = parts[name] ?? 0;
      const rect =
        value > 0 &&
        s("rect", {
          class: `series-${series + 1}`,
          x: x(index) + step * 0.12,
          width: Math.min(40, step * 0.76),
          y: y(below + value),
          height: y(below) - y(below + value),
        });
      below += value;
      return rect;
    });
  });
  const legend =
    names.length > 1 &&
    h(
      "ul",
      { class: "legend", "aria-hidden": "true" },
      names.map((name, series) => h("li", { class: `series-${series + 1}` }, name)),
    );
  return figure(
    title,
    [["Day", ...names], ...given.map(({ day, parts }) => [day, ...names.map((name) => say(parts[name] ?? 0))])],
    plot(
      width,
      grid(width, ticks, y, say),
      drawn,
      days(
        given.map(({ day }) => day),
        (index) => x(index) + step / 2,
      ),
    ),
    legend,
  );
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const plot = (width, ...content) =>
  s("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, "aria-hidden": "true" }, content);

/** A round number above all values, and the lines to draw. */
function scale(values) {
  const largest = Math.max(...values, 0) || 1;
  const rough = largest / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough);
  const lines = Math.ceil(largest / step);
  return { top: lines * step, ticks: Array.from({ length: lines + 1 }, (_, index) => index * step) };
}

function grid(width, ticks, y, say) {
  return ticks.map((tick) => [
    s("line", { class: "rule", x1: LEFT, x2: width, y1: y(tick), y2: y(tick) }),
    s("text", { x: LEFT - 8, y: y(tick) + 4, "text-anchor": "end" }, say(tick)),
  ]);
}

function days(named, x) {
  const format = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  const shown = [...new Set([0, Math.floor((named.length - 1) / 2), named.length - 1])];
  return shown
    .filter((index) => named[index])
    .map((index) =>
      s(
        "text",
        {
          x: x(index),
          y: HEIGHT - 2,
          "text-anchor":
            named.length === 1 ? "middle" : index === 0 ? "start" : index === named.length - 1 ? "end" : "middle",
        },
        format.format(new Date(named[index])),
      ),
    );
}

function figure(title, [head, ...rows], ...drawn) {
  return h(
    "figure",
    { class: "plot" },
    h("figcaption", {}, title),
    drawn,
    h(
      "details",
      {},
      h("summary", {}, "As numbers"),
      h(
        "div",
        { class: "table-frame", tabindex: "0", role: "region", "aria-label": `${title}, as numbers` },
        h(
          "table",
          {},
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              head.map((name) => h("th", { scope: "col" }, name || "Name")),
            ),
          ),
          h(
            "tbody",
            {},
            rows.map((cells) =>
              h(
                "tr",
                {},
                cells.map((cell) => h("td", {}, cell)),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
