// Light, dark, or as the system has it.
import { h, unique } from "../parts/dom.js";
import { icon } from "../parts/icons.js";

const KEY = "image-store.theme";
const CHOICES = [
  ["auto", "auto", "System"],
  ["light", "sun", "Light"],
  ["dark", "moon", "Dark"],
];

export function themeSwitch() {
  const name = unique("theme");
  const current = document.documentElement.dataset.theme ?? "auto";
  return h(
    "fieldset",
    { class: "segmented theme-switch" },
    h("legend", { class: "unseen" }, "Theme"),
    CHOICES.map(([value, drawn, label]) =>
      h(
        "label",
        { title: label },
        h("input", { type: "radio", name, value, checked: value === current, onchange: () => choose(value) }),
        h("span", {}, icon(drawn), h("span", { class: "unseen" }, label)),
      ),
    ),
  );
}

function choose(value) {
  if (value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
  try {
    if (value === "auto") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, value);
  } catch {
    // Storage is blocked: the choice holds for this page alone.
  }
}
