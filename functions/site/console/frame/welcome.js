// What a stranger sees.
import { canSignIn } from "./auth.js";
import { h } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { begin } from "./shell.js";

export function showWelcome(root) {
  root.append(
    h(
      "section",
      { class: "welcome" },
      h("img", { src: "/assets/mark.svg", alt: "", width: 72, height: 72 }),
      h("h1", { tabindex: "-1" }, "Your images, in your own store"),
      h("p", {}, "Upload, generate, find and share pictures. They stay private until you say otherwise."),
      canSignIn()
        ? h("button", { type: "button", class: "button is-main is-large", onclick: begin }, "Sign in")
        : h("p", { class: "box" }, "Nobody can sign in here yet: this deployment names no ConsoleClientId."),
      h("p", {}, h("a", { class: "quiet-link", href: "#/feed" }, icon("feed"), "Look at the public feed")),
    ),
  );
}
