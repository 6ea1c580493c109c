// Whether the store can be reached: how the last request went, and what the browser says of its connection.
import { h } from "../parts/dom.js";
import { tell } from "../parts/events.js";
import { icon } from "../parts/icons.js";
import { noticeRegion } from "../parts/notices.js";

const FIRST_LOOK = 500; // ms; what is back by then was no outage
const LONGEST_PAUSE = 30_000;

let isDown = false;
let pause = FIRST_LOOK;
let timer = 0;
let banner = null;

export const isReachable = () => !isDown;

/** A request got no answer: from now on the store is asked until it answers, and "reached-again" is told then. */
export function tellUnreachable() {
  if (isDown) return;
  isDown = true;
  pause = FIRST_LOOK;
  lookLater();
}

/** The store has answered. */
export function tellReached() {
  if (!isDown) return;
  isDown = false;
  clearTimeout(timer);
  banner?.remove();
  banner = null;
  tell("reached-again");
}

function lookLater() {
  clearTimeout(timer);
  timer = setTimeout(look, pause);
  pause = Math.min(2 * pause, LONGEST_PAUSE);
}

async function look() {
  clearTimeout(timer);
  const answers = await fetch("/v1/health", { cache: "no-store" }).then(
    ({ ok }) => ok,
    () => false,
  );
  if (answers) return tellReached();
  isDown = true;
  showBanner();
  lookLater();
}

function showBanner() {
  const said = navigator.onLine
    ? "The store cannot be reached. What you saw stays, and uploads wait."
    : "You are offline. What you saw stays, and uploads wait.";
  if (banner?.textContent.startsWith(said)) return;
  banner?.remove();
  banner = h(
    "div",
    { class: "notice is-offline" },
    icon("alert"),
    h("span", {}, said),
    h("button", { type: "button", class: "notice-action", onclick: look }, "Try now"),
  );
  noticeRegion().prepend(banner);
}

addEventListener("offline", () => {
  tellUnreachable();
  showBanner();
});
addEventListener("online", () => isDown && look());
