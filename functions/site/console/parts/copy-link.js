// A link in a field that cannot be edited, with a button that copies it.
import { h, unique } from "./dom.js";
import { icon } from "./icons.js";
import { notify } from "./notices.js";

/** `label` is for screen readers, `name` is what the button says. */
export function copyLink(url, { label = "Link to share", name = "Copy link" } = {}) {
  const id = unique("link");
  const copy = async () => {
    await navigator.clipboard.writeText(url).then(
      () => notify("Link copied."),
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
    h("input", { id, value: url, readonly: true, onfocus: (event) => event.target.select() }),
    h("button", { type: "button", class: "button", onclick: copy }, icon("link"), name),
  );
}
