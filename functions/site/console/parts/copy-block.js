// Lines to paste into a file or a terminal, with a button that copies them.
import { copyText } from "./copy-field.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

/** `name` says what the lines are: to screen readers, on the button, and when they are copied. */
export function copyBlock(text, name) {
  const lines = h(
    "pre",
    { class: "copy-block", tabindex: "0", role: "region", "aria-label": name },
    h("code", {}, text),
  );
  const copy = () =>
    copyText(text, { notice: `${name}: copied.`, select: () => getSelection().selectAllChildren(lines) });
  return [
    lines,
    h(
      "p",
      {},
      h(
        "button",
        { type: "button", class: "button", "aria-label": `Copy: ${name}`, onclick: copy },
        icon("link"),
        "Copy",
      ),
    ),
  ];
}
