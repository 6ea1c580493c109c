// How far something is that takes a while, with a button that stops it.
import { h, unique } from "./dom.js";
import { count } from "./format.js";
import { keepNoticesInReach, noticeRegion } from "./notices.js";

const SHOWN_AFTER = 300; // ms: what is done by then needs no progress

/** A line among the notices, which is not read out for every step: `show(number)` of `total`, and `end()`. */
export function showProgress({ label, total, stop }) {
  const name = unique("progress");
  const figures = h("span", { class: "number" }, `0 of ${count(total)}`);
  const bar = h("progress", { "aria-labelledby": name, max: total, value: 0 });
  const line = h(
    "div",
    { class: "notice is-progress", "aria-live": "off" },
    h("span", {}, h("span", { id: name }, label), figures, bar),
    h("button", { type: "button", class: "notice-action", onclick: stop }, "Stop"),
  );
  const timer = setTimeout(() => {
    keepNoticesInReach();
    noticeRegion().append(line);
  }, SHOWN_AFTER);
  return {
    show(number) {
      figures.textContent = `${count(number)} of ${count(total)}`;
      bar.value = number;
    },
    end() {
      clearTimeout(timer);
      line.remove();
    },
  };
}
