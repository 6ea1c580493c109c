// Questions that have to be answered before something cannot be undone.
import { h, unique } from "./dom.js";
import { keepNoticesInReach } from "./notices.js";

/** Ask; resolves to whether the answer is yes. */
export function confirm({ title, text, yes, isDangerous = false }) {
  return new Promise((resolve) => {
    const heading = unique("dialog");
    const dialog = h(
      "dialog",
      { class: "dialog", "aria-labelledby": heading },
      h("h2", { id: heading }, title),
      h("p", {}, text),
      h(
        "div",
        { class: "row is-end" },
        h("button", { type: "button", class: "button", onclick: () => dialog.close("no") }, "Cancel"),
        h(
          "button",
          {
            type: "button",
            class: isDangerous ? "button is-danger" : "button is-main",
            onclick: () => dialog.close("yes"),
          },
          yes,
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      keepNoticesInReach();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    keepNoticesInReach();
  });
}
