// Which images something failed for, each with the reason, and a way to try these again.
import { h, unique } from "./dom.js";
import { plural } from "./format.js";
import { icon } from "./icons.js";
import { keepNoticesInReach } from "./notices.js";

const MOST = 100;

/** `failed` are `{id, message}`, `nameOf(id)` says which image that is, and `retry(ids)` does it again for these. */
export function tellFailures({ title, failed, nameOf, retry }) {
  const heading = unique("failures");
  const again = () => {
    dialog.close();
    retry(failed.map(({ id }) => id));
  };
  const dialog = h(
    "dialog",
    { class: "dialog is-wide", "aria-labelledby": heading },
    h("h2", { id: heading }, title),
    h(
      "ul",
      { class: "failures", tabindex: "0", "aria-label": "What failed" },
      failed.slice(0, MOST).map(({ id, message }) => h("li", {}, h("b", {}, nameOf(id)), h("span", {}, message))),
      failed.length > MOST && h("li", {}, `And ${plural(failed.length - MOST, "other image")}.`),
    ),
    h(
      "div",
      { class: "row is-end" },
      h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Close"),
      h(
        "button",
        { type: "button", class: "button is-main", onclick: again },
        icon("retry"),
        failed.length === 1 ? "Try it again" : "Try these again",
      ),
    ),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    keepNoticesInReach();
  });
  document.body.append(dialog);
  dialog.showModal();
  keepNoticesInReach();
}
