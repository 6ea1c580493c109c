// A thin line at the top of the window while an answer of the store is slow, above whatever is open.
import { h } from "../parts/dom.js";

const SLOW = 1000; // ms

const line = h("div", {
  class: "under-way",
  role: "progressbar",
  "aria-label": "Waiting for the store",
  popover: "manual",
});
let slow = 0;

/** To be called when a request begins; answers what is to be called when it has ended. */
export function underWay() {
  let isSlow = false;
  const timer = setTimeout(() => {
    isSlow = true;
    show(1);
  }, SLOW);
  return () => {
    clearTimeout(timer);
    if (isSlow) show(-1);
  };
}

function show(change) {
  slow += change;
  if (!line.isConnected) document.querySelector("header.bar").append(line);
  if (slow > 0 !== line.matches(":popover-open")) line.togglePopover(slow > 0);
}
