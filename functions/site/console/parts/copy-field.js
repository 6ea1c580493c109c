// A link or a key in a field that cannot be edited, with a button that copies it.
import { h, unique } from "./dom.js";
import { icon } from "./icons.js";
import { notify } from "./notices.js";

/** `label` is for screen readers, `name` is what the button says, `notice` what is said afterwards. */
export function copyField(text, { label = "Link to share", name = "Copy link", notice = "Link copied." } = {}) {
  const id = unique("copy");
  const copy = async () => {
    await navigator.clipboard.writeText(text).then(
      () => notify(notice),
      () => {
        document.getElementById(id).select();
        notify("Copy it with Ctrl-C.");
      },
    );
  };
  return h(
    "div",
    { class: "share" },
    h("label", { class: "unseen", for: id }, label),
    h("input", { id, value: text, readonly: true, onfocus: (event) => event.target.select() }),
    h("button", { type: "button", class: "button", onclick: copy }, icon("link"), name),
  );
}
