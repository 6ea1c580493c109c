// A bar of dates beside a gallery: a press, a drag or a key reaches any month, whether it is loaded or not.
import { h } from "../parts/dom.js";
import { plural } from "../parts/format.js";

const EVEN = 0.5; // of the bar is divided evenly between the months, so that each can be hit; the rest by their height
const LABEL = 20; // pixels between two years

/** `parts` are those of the gallery, and `jump(height)` scrolls it. */
export function scrubber({ parts, jump, signal }) {
  const thumb = h("span", { class: "scrubber-thumb" });
  const bubble = h("span", { class: "scrubber-bubble" });
  const years = h("span", { class: "scrubber-years" });
  const element = h(
    "div",
    {
      class: "scrubber",
      role: "slider",
      tabindex: 0,
      "aria-label": "Date",
      "aria-orientation": "vertical",
      "aria-controls": "months",
      "aria-valuemin": 0,
      onkeydown: keys,
      onpointerdown: press,
      onpointermove: move,
      onpointerup: lift,
      onpointercancel: lift,
      onpointerleave: () => isHeld || say(months[current]),
    },
    years,
    thumb,
    bubble,
  );
  let months = [], // {name, images, top, height, from, share}: where it is in the gallery and on the bar
    current = 0,
    target = "", // the month that was gone to, which may be too near the end to stand at the top of the screen
    isHeld = false,
    tall = 1;

  /** Take over how high the months are. */
  function arrange() {
    months = [];
    for (const part of parts) {
      const last = months.at(-1);
      if (last?.name === part.month) {
        last.images += part.count;
        last.height = part.top + part.height - last.top;
      } else months.push({ name: part.month, images: part.count, top: part.top, height: part.height });
    }
    const all = months.reduce((sum, month) => sum + month.height, 0) || 1;
    let from = 0;
    for (const month of months) {
      month.from = from;
      month.share = EVEN / months.length + ((1 - EVEN) * month.height) / all;
      from += month.share;
    }
    element.hidden = months.length < 2;
    element.setAttribute("aria-valuemax", Math.max(0, months.length - 1));
    label();
  }

  /** Write the years beside the bar, as far as there is room. */
  function label() {
    tall = element.clientHeight || 1;
    let free = 0,
      year = "";
    const labels = [];
    for (const month of months) {
      const own = month.name.slice(-4);
      if (own === year) continue;
      year = own;
      if (month.from * tall < free || month.from * tall > tall - LABEL) continue;
      free = month.from * tall + LABEL;
      labels.push(h("span", { style: { top: `${(month.from * 100).toFixed(2)}%` } }, own));
    }
    years.replaceChildren(...labels);
  }

  /** Show which height of the gallery is at the top of the screen. */
  function show(height, { isAtEnd }) {
    if (!months.length) return;
    const isSeen = ({ name, top }) => name === target && top >= height - 2 && top < height + innerHeight;
    const chosen = months.findIndex(isSeen);
    const atTop = isAtEnd ? months.length - 1 : months.findLastIndex((month) => month.top <= height + 2);
    const found = chosen >= 0 ? chosen : atTop;
    const month = months[Math.max(0, found)];
    const within = isAtEnd && chosen < 0 ? 1 : Math.min(1, Math.max(0, (height - month.top) / month.height));
    thumb.style.setProperty("top", `${((month.from + within * month.share) * 100).toFixed(2)}%`);
    if (isHeld) return;
    current = Math.max(0, found);
    say(month);
  }

  function say(month) {
    if (!month) return;
    element.setAttribute("aria-valuenow", months.indexOf(month));
    element.setAttribute("aria-valuetext", `${month.name}, ${plural(month.images, "image")}`);
    bubble.textContent = month.name;
    bubble.style.setProperty("top", `${((month.from + month.share / 2) * 100).toFixed(2)}%`);
  }

  function monthAt(event) {
    const box = element.getBoundingClientRect();
    const place = Math.min(0.9999, Math.max(0, (event.clientY - box.top) / box.height));
    return months.findLast((month) => month.from <= place) ?? months[0];
  }

  function go(month) {
    if (!month) return;
    current = months.indexOf(month);
    target = month.name;
    say(month);
    jump(month.top);
  }

  function press(event) {
    if (event.button) return;
    isHeld = true;
    element.setPointerCapture(event.pointerId);
    element.classList.add("is-held");
    go(monthAt(event));
  }

  function move(event) {
    const month = monthAt(event);
    if (!isHeld) return say(month);
    if (months.indexOf(month) !== current) go(month);
  }

  function lift() {
    isHeld = false;
    element.classList.remove("is-held");
  }

  function keys(event) {
    const year = (month) => month.name.slice(-4);
    const target = {
      ArrowDown: () => current + 1,
      ArrowRight: () => current + 1,
      ArrowUp: () => current - 1,
      ArrowLeft: () => current - 1,
      PageDown: () => months.findIndex((month, index) => index > current && year(month) !== year(months[current])),
      PageUp: () => {
        const before = months.findLast((month, index) => index < current && year(month) !== year(months[current]));
        return before ? months.findIndex((month) => year(month) === year(before)) : 0;
      },
      Home: () => 0,
      End: () => months.length - 1,
    }[event.key];
    if (!target || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const index = target();
    go(months[index < 0 ? months.length - 1 : Math.min(months.length - 1, Math.max(0, index))]);
  }

  addEventListener("resize", label, { signal });
  for (const sign of ["wheel", "touchmove", "keydown"])
    addEventListener(sign, () => (target = ""), { passive: true, capture: true, signal });
  return { element, arrange, show };
}
