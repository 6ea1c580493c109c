// Fields of forms, and lists of names and values.
import { h, unique } from "./dom.js";

/** A labelled field with a line of help. */
export function field(label, make, help = null) {
  const id = unique("field");
  const control = make(id);
  if (help) control.setAttribute("aria-describedby", `${id}-help`);
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    control,
    help && h("p", { class: "fine", id: `${id}-help` }, help),
  );
}

/** "a, b" as a list. */
export function listOf(text) {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter(Boolean);
}

/** A list of names and values, without empty values. */
export function facts(values) {
  const rows = Object.entries(values).filter(
    ([, value]) => value !== null && value !== undefined && value !== false && value !== "",
  );
  return h(
    "dl",
    { class: "fact-list" },
    rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}
