// A link or a key in a field that cannot be edited, with a button that copies it.
import { h, unique } from "./dom.js";
import { icon } from "./icons.js";
import { notify } from "./notices.js";

/** Copy a text and say so. Where the browser refuses, the text is selected by `select`, for the keys that copy. */
export async function copyText(text, { notice, select }) {
  await navigator.clipboard.writeText(text).then(
    () => notify(notice),
    () => {
      select();
      notify("Copy it with Ctrl-C.");
    },
  );
}

/**
 * Copy a text that is still being made. Browsers allow that only if they are asked during the click. Where one refuses,
 * the text is shown in a field at the end of `place`.
 */
export async function copyLater(text, { notice, place }) {
  try {
    const blob = text.then((told) => new Blob([told], { type: "text/plain" }));
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    notify(notice);
  } catch {
    await text.then(
      (told) => {
        const shown = copyField(told, { label: "Text to copy", name: "Copy", notice });
        place.append(shown);
        shown.querySelector("input").focus();
      },
      (error) => notify(error.message, { isProblem: true }),
    );
  }
}

/**
 * `label` is for screen readers, `name` is what the button says, to screen readers `spoken`, and `notice` what is said
 * afterwards.
 */
export function copyField(
  text,
  { label = "Link to share", name = "Copy link", spoken = name, notice = "Link copied." } = {},
) {
  const id = unique("copy");
  const copy = () => copyText(text, { notice, select: () => document.getElementById(id).select() });
  return h(
    "div",
    { class: "share" },
    h("label", { class: "unseen", for: id }, label),
    h("input", { id, value: text, readonly: true, onfocus: (event) => event.target.select() }),
    h("button", { type: "button", class: "button", "aria-label": spoken, onclick: copy }, icon("link"), name),
  );
}
