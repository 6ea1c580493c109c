// The head of a screen, and what stands where its content would be.
import { h } from "./dom.js";
import { icon } from "./icons.js";

/** The head of a screen: its name, a line about it, and what can be done. */
export function head(title, actions, about = null) {
  return h(
    "header",
    { class: "screen-head" },
    h("div", {}, h("h1", { tabindex: "-1" }, title), about && h("p", { class: "fine" }, about)),
    h("div", { class: "row screen-actions" }, actions),
  );
}

/** What stands where images would be. */
export function nothing(drawn, title, text, action = null) {
  return h("div", { class: "empty" }, icon(drawn), h("h2", {}, title), h("p", {}, text), action);
}
