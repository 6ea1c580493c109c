// Short messages at the edge of the screen, some with one thing to do: undo, try again.
import { h } from "./dom.js";
import { icon } from "./icons.js";

const STAYS = 6000;
const STAYS_WITH_ACTION = 12000;

const region = h("div", { class: "notices", role: "status", "aria-live": "polite" });

export const noticeRegion = () => region;

/**
 * Say something. `action` is a pair of a label and what to do; a problem is read out at once. Answers what closes the
 * message, which is left to the caller if it `stays`.
 */
export function notify(text, { action = null, isProblem = false, stays = false } = {}) {
  const close = () => {
    clearTimeout(timer);
    notice.remove();
  };
  const act = async () => {
    close();
    await action[1]();
  };
  const notice = h(
    "div",
    { class: isProblem ? "notice is-problem" : "notice", role: isProblem ? "alert" : null },
    h("span", {}, text),
    action && h("button", { type: "button", class: "notice-action", onclick: act }, action[0]),
    h(
      "button",
      { type: "button", class: "icon-button", "aria-label": "Close this message", onclick: close },
      icon("close"),
    ),
  );
  const later = () => (stays ? 0 : setTimeout(close, action ? STAYS_WITH_ACTION : STAYS));
  let timer = later();
  // Whoever is reading or reaching for the button has the time they need.
  notice.addEventListener("focusin", () => clearTimeout(timer));
  notice.addEventListener("pointerenter", () => clearTimeout(timer));
  notice.addEventListener("pointerleave", () => {
    timer = later();
  });
  keepNoticesInReach();
  if (!action) [...region.children].find((one) => one.firstChild.textContent === text)?.remove(); // said once is enough
  region.append(notice);
  return close;
}

/** To be called when a dialog was opened or closed: nothing outside of an open one can be seen or reached. */
export function keepNoticesInReach() {
  const top = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (region.parentElement !== top) top.append(region);
}
