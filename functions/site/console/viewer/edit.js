// Edits the attributes of an image. Only changed attributes are sent. What somebody else changed meanwhile is shown
// with a choice, and nothing typed is lost.
import { completed } from "../parts/completion.js";
import { h } from "../parts/dom.js";
import { draftOf, dropDraft, keepDraft } from "../parts/drafts.js";
import { field } from "../parts/fields.js";
import { remember } from "../parts/seen.js";
import { suggestCategories, suggestGroups, suggestTags } from "../parts/suggestions.js";
import { ATTRIBUTES } from "./attributes.js";
import { differences, differencesBox } from "./differences.js";
import { draftName } from "./draft-name.js";

const BASE = "base"; // the field of a draft with the texts that it began with

/**
 * A form for an image. `save(changes)` stores them; `readAgain()` answers the image as somebody else left it. When
 * saving fails, the form shows the message of the error.
 */
export function editForm(image, { save, readAgain, cancel: leave }) {
  let base = textsOf(image);
  const draft = draftOf(draftName(image));
  const cancel = () => {
    dropDraft(draftName(image));
    leave();
  };
  const problem = h("p", { class: "form-problem", role: "alert" });
  const between = h("div", { class: "differences" });
  const begun = h("input", { type: "hidden", name: BASE, value: JSON.stringify(base) });
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
    between,
    begun,
    ATTRIBUTES.map(({ name, label, control, help }) => field(label, (id) => control({ id, name }, base[name]), help)),
    h(
      "div",
      { class: "row is-end" },
      problem,
      h("button", { type: "button", class: "button", onclick: cancel }, "Cancel"),
      h("button", { type: "submit", class: "button is-main" }, "Save"),
    ),
  );
  completed(form.elements.tags, { suggest: suggestTags, many: true });
  completed(form.elements.category, { suggest: suggestCategories });
  form.elements.groups.after(groupAdder(form.elements.groups));
  if (draft) meet(draftBase(draft) ?? base, { ...base, ...draft });
  keepDraft(form, draftName(image));
  return form;

  async function submit(event) {
    event.preventDefault();
    problem.textContent = "";
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      const changes = changesOf(base, typed(), image);
      if (!Object.keys(changes).length) return cancel();
      await save(changes);
      remember("category", changes.category);
      dropDraft(draftName(image));
    } catch (error) {
      problem.textContent = error.status === 412 ? await takeOther(error) : error.message;
      button.disabled = false;
    }
  }

  /** Read what somebody else changed; answers what to say about it. */
  async function takeOther(conflict) {
    try {
      image = await readAgain();
    } catch (error) {
      return error.message;
    }
    const [before, mine] = [base, typed()];
    base = textsOf(image);
    begun.value = JSON.stringify(base);
    meet(before, mine);
    tellDraft();
    between.querySelector("h2")?.focus();
    return conflict.message;
  }

  /** Put what was typed beside what is stored now, for texts that began as `before`. */
  function meet(before, mine) {
    const found = differences({ before, mine, theirs: base });
    for (const { name } of ATTRIBUTES) setText(name, found.texts[name]);
    const box = differencesBox(found, { take, field: (name) => form.elements[name] });
    between.replaceChildren(...(box ? [box] : []));
  }

  function take(name, text) {
    setText(name, text);
    tellDraft();
  }

  function setText(name, text) {
    form.elements[name].value = text;
  }

  /** What was not typed is kept too. */
  function tellDraft() {
    form.dispatchEvent(new Event("input"));
  }

  function typed() {
    const values = Object.fromEntries(new FormData(form));
    return Object.fromEntries(ATTRIBUTES.map(({ name }) => [name, values[name].replace(/\r\n/g, "\n")]));
  }
}

/** A field that finds a group and adds it as a line. */
function groupAdder(lines) {
  const input = h("input", { "aria-label": "Add a group", placeholder: "Add a group", onchange: add });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.defaultPrevented || !input.value.trim()) return;
    event.preventDefault(); // which would save the form
    add();
  });
  function add() {
    const group = input.value.trim();
    const known = lines.value.split("\n").filter(Boolean);
    if (!group.includes(":")) return;
    if (!known.includes(group)) lines.value = [...known, group].join("\n");
    input.value = "";
    lines.dispatchEvent(new Event("input", { bubbles: true })); // so that the draft has it
  }
  return completed(input, { suggest: suggestGroups });
}

const textsOf = (image) => Object.fromEntries(ATTRIBUTES.map(({ name, textOf }) => [name, textOf(image)]));

function draftBase(draft) {
  try {
    return JSON.parse(draft[BASE]);
  } catch {
    return null; // of a version that kept none
  }
}

/** The merge patch of what was typed; attributes that did not change are not in it. */
function changesOf(stored, typed, image) {
  const changed = ATTRIBUTES.filter(({ name }) => typed[name] !== stored[name]);
  return Object.fromEntries(changed.map(({ name, valueOf }) => [name, valueOf(typed[name].trim(), image)]));
}
