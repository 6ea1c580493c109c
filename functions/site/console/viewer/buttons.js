// The round buttons of the bars over a picture.
import { h } from "../parts/dom.js";
import { icon } from "../parts/icons.js";

/** A button with an icon; `label` is its name and says its key. */
export function button(drawn, label, act, others = {}) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: act, ...others },
    icon(drawn),
  );
}
