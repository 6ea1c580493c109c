// Changing what is known of an image. Only what was changed is sent.
import { h, unique } from "../parts/dom.js";
import { draftOf, dropDraft, keepDraft } from "../parts/drafts.js";
import { settings } from "../frame/settings.js";

const RATINGS = [["", "None"], ...[1, 2, 3, 4, 5].map((value) => [String(value), "★".repeat(value)])];

const draftName = (image) => `image.${image.id}`;

/** Whether somebody typed into the form of an image and did not save it. */
export const hasDraft = (image) => draftOf(draftName(image)) !== null;

/** A form for an image; `save(changes)` may refuse, which is told in the form. */
export function editForm(image, { save, cancel: leave }) {
  const stored = told(image);
  const draft = draftOf(draftName(image));
  const before = { ...stored, ...draft };
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
    field("Title", (id) =>
      h("input", { id, name: "title", value: before.title, maxlength: settings.limits.title_chars }),
    ),
    field(
      "Alt text",
      (id) =>
        h("textarea", { id, name: "alt_text", rows: 3, maxlength: settings.limits.alt_text_chars }, before.alt_text),
      "What the picture shows, for those who cannot see it.",
    ),
    field(
      "Tags",
      (id) => h("input", { id, name: "tags", value: before.tags, autocomplete: "off" }),
      "Separated by commas.",
    ),
    field("Category", (id) => h("input", { id, name: "category", value: before.category })),
    field("Rating", (id) =>
      h(
        "select",
        { id, name: "rating" },
        RATINGS.map(([value, label]) => h("option", { value, selected: value === before.rating }, label)),
      ),
    ),
    field(
      "Groups",
      (id) => h("textarea", { id, name: "groups", rows: 2 }, before.groups),
      "One a line, written type:id, such as conversation:c1.",
    ),
    field(
      "Expires",
      (id) => h("input", { id, name: "expires_at", type: "datetime-local", value: before.expires_at }),
      "Deleted by itself at that time.",
    ),
    field(
      "Metadata",
      (id) =>
        h("textarea", { id, name: "metadata", class: "is-code", rows: 4, spellcheck: "false" }, before.metadata),
      "JSON: an object of up to 4 KB.",
    ),
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

function told(image) {
  const groups = Object.entries(image.groups).flatMap(([type, names]) => names.map((name) => `${type}:${name}`));
  return {
    title: image.title ?? "",
    alt_text: image.alt_text_source === "given" ? image.alt_text : "",
    tags: image.tags.join(", "),
    category: image.category ?? "",
    rating: String(image.rating ?? ""),
    groups: groups.join("\n"),
    expires_at: image.expires_at ? localTime(image.expires_at) : "",
    metadata: Object.keys(image.metadata).length ? JSON.stringify(image.metadata, null, 2) : "",
  };
}

function changesOf(before, now, image) {
  const changes = {};
  for (const name of Object.keys(before))
    if (now[name].replace(/\r\n/g, "\n") !== before[name]) changes[name] = READ[name](now[name].trim(), image);
  return changes;
}

const orNull = (text) => text || null;
const READ = {
  title: orNull,
  alt_text: orNull,
  category: orNull,
  tags: listOf,
  rating: (text) => (text ? Number(text) : null),
  expires_at: (text) => (text ? new Date(text).toISOString() : null),
  groups(text, image) {
    // A merge patch keeps what it does not name.
    const next = Object.fromEntries(Object.keys(image.groups).map((type) => [type, null]));
    for (const line of text
      .split("\n")
      .map((entry) => entry.trim())
      .filter(Boolean)) {
      const [type, ...rest] = line.split(":");
      if (!type || !rest.join(":")) throw new Error(`“${line}” is no group: write type:id.`);
      next[type] = [...(next[type] ?? []), rest.join(":")];
    }
    return next;
  },
  metadata(text, image) {
    let next;
    try {
      next = text ? JSON.parse(text) : {};
    } catch {
      throw new Error("Metadata is not JSON. Check quotes and commas.");
    }
    if (typeof next !== "object" || next === null || Array.isArray(next))
      throw new Error("Metadata must be an object in braces.");
    return { ...Object.fromEntries(Object.keys(image.metadata).map((name) => [name, null])), ...next };
  },
};

/** "a, b" as a list. */
export function listOf(text) {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter(Boolean);
}

function localTime(instant) {
  const date = new Date(instant);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
