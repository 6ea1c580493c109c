// How large the pictures of galleries are: chosen once, for all of them, on this device.
import { h } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { listen, tell } from "../parts/events.js";

const NAME = "image-store.density";
const HEIGHTS = [100, 150, 224, 340]; // pixels of a row
const NARROW_HEIGHTS = [64, 92, 132, 220];
const USUAL = 2;

let chosen = read();

function read() {
  try {
    const stored = Number(localStorage.getItem(NAME) ?? USUAL);
    return stored in HEIGHTS ? stored : USUAL;
  } catch {
    return USUAL; // Storage is blocked.
  }
}

/** The height of rows and the gap between pictures, in pixels, on this screen. */
export function rowSpace() {
  const isNarrow = matchMedia("(max-width: 860px)").matches;
  return { height: (isNarrow ? NARROW_HEIGHTS : HEIGHTS)[chosen], gap: isNarrow ? 4 : 6 };
}

/** Smaller pictures (-1) or larger ones (1); galleries hear "density". */
export function changeDensity(step) {
  const next = chosen + step;
  if (!(next in HEIGHTS)) return;
  chosen = next;
  try {
    localStorage.setItem(NAME, String(chosen));
  } catch {
    // Storage is blocked: it is kept until the page is left.
  }
  tell("density", {});
}

/** Two buttons that change it; screens with a gallery show them. */
export function densityButtons(signal) {
  const button = (drawn, label, step) =>
    h(
      "button",
      { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: () => changeDensity(step) },
      icon(drawn),
    );
  const smaller = button("minus", "Smaller pictures (-)", -1);
  const larger = button("plus", "Larger pictures (+)", 1);
  const mark = () => {
    for (const [one, step] of [
      [smaller, -1],
      [larger, 1],
    ])
      one.setAttribute("aria-disabled", String(!(chosen + step in HEIGHTS)));
  };
  mark();
  listen("density", mark, signal);
  return h("div", { class: "density", role: "group", "aria-label": "Size of pictures" }, smaller, larger);
}
