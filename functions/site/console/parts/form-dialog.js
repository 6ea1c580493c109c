// A question with fields: names of tags, or of an album.
import { h, unique } from "./dom.js";
import { onSubmit } from "./forms.js";
import { keepNoticesInReach } from "./notices.js";

/**
 * Show a form in a dialog. `act(data)` gets what was typed, and its error is shown in the dialog. Resolves to what
 * `act` answers, or to null when it was cancelled.
 */
export function formDialog({ title, fields, yes, act, isDangerous = false }) {
  return new Promise((resolve) => {
    const heading = unique("dialog");
    const problem = h("p", { class: "form-problem", role: "alert" });
    let answer = null;
    const submit = async (data) => {
      answer = await act(data);
      dialog.close();
    };
    const dialog = h(
      "dialog",
      { class: "dialog is-wide", "aria-labelledby": heading },
      h("h2", { id: heading }, title),
      h(
        "form",
        { class: "stack", onsubmit: onSubmit(submit, (text) => (problem.textContent = text)) },
        fields,
        problem,
        h(
          "div",
          { class: "row is-end" },
          h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"),
          h("button", { class: isDangerous ? "button is-danger" : "button is-main" }, yes),
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      keepNoticesInReach();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("input, select, textarea")?.focus();
    keepNoticesInReach();
  });
}
