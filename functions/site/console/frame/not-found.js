// What stands at an address that names no screen.
import { h } from "../parts/dom.js";
import { icon } from "../parts/icons.js";

export function showNotFound(root) {
  root.append(
    h(
      "div",
      { class: "empty" },
      icon("search"),
      h("h1", { tabindex: "-1" }, "Page not found"),
      h("p", {}, "There is no screen at this address."),
      h("a", { class: "button is-main", href: "#/" }, "All images"),
    ),
  );
}
