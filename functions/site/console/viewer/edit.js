// Edits the attributes of an image. Only changed attributes are sent.
import { h } from "../parts/dom.js";
import { draftOf, dropDraft, keepDraft } from "../parts/drafts.js";
import { field } from "../parts/fields.js";
import { ATTRIBUTES } from "./attributes.js";

const draftName = (image) => `image.${image.id}`;

/** Whether the form of an image was changed and not saved. */
export const hasDraft = (image) => draftOf(draftName(image)) !== null;

/** A form for an image. When `save(changes)` fails, the form shows the message of the error. */
export function editForm(image, { save, cancel: leave }) {
  const stored = textsOf(image);
  const draft = draftOf(draftName(image));
  const shown = { ...stored, ...draft };
  const cancel = () => {
    dropDraft(draftName(image));
    leave();
  };
  const problem = h("p", { class: "form-problem", role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    problem.textContent = "";
    const form = event.target;
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      const changes = changesOf(stored, Object.fromEntries(new FormData(form)), image);
      if (Object.keys(changes).length) await save(changes);
      else return cancel();
      dropDraft(draftName(image));
    } catch (error) {
      problem.textContent =
        error.status === 412
          ? `${error.message} Copy what you wrote, close this form, and edit it anew.`
          : error.message;
      button.disabled = false;
    }
  };
  const form = h(
    "form",
    {
      class: "edit",
      onsubmit: submit,
      onkeydown: (event) => {
        if (event.key === "Escape") {
          event.preventDefault();
          event.stopPropagation();
          cancel();
        }
      },
    },
    h("h1", {}, "Edit"),
    draft && h("p", { class: "box", role: "status" }, "What you typed before is still here. It is not saved yet."),
    ATTRIBUTES.map(({ name, label, control, help }) => field(label, (id) => control({ id, name }, shown[name]), help)),
    h(
      "div",
      { class: "row is-end" },
      problem,
      h("button", { type: "button", class: "button", onclick: cancel }, "Cancel"),
      h("button", { type: "submit", class: "button is-main" }, "Save"),
    ),
  );
  keepDraft(form, draftName(image));
  return form;
}

const textsOf = (image) => Object.fromEntries(ATTRIBUTES.map(({ name, textOf }) => [name, textOf(image)]));

/** The merge patch of what was typed; attributes that did not change are not in it. */
function changesOf(stored, typed, image) {
  const changed = ATTRIBUTES.filter(({ name }) => typed[name].replace(/\r\n/g, "\n") !== stored[name]);
  return Object.fromEntries(changed.map(({ name, valueOf }) => [name, valueOf(typed[name].trim(), image)]));
}
