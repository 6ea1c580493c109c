// The attributes of an image that its owner may change. The edit form and the details read this table.
import { h } from "../parts/dom.js";
import { listOf } from "../parts/fields.js";
import { settings } from "../frame/settings.js";

/** Groups as "type:id". */
export const groupsOf = (image) =>
  Object.entries(image.groups).flatMap(([type, names]) => names.map((name) => `${type}:${name}`));

/** A line of text; without text the attribute is removed. */
const line = (name, label, others) => ({
  name,
  label,
  control: (field, text) => h("input", { ...field, value: text }),
  textOf: (image) => image[name] ?? "",
  valueOf: (text) => text || null,
  ...others,
});

/**
 * In the order of the form:
 * - `control(field, text)`: the element of the form, with the properties and the text of its field;
 * - `textOf(image)`: the text of the field for an image;
 * - `valueOf(text, image)`: what a changed text sends to the API; throws an Error with a message for people;
 * - `fact(image)`: the value among the details; left out where the details show it in a place of its own.
 */
export const ATTRIBUTES = [
  line("title", "Title", {
    control: (field, text) => h("input", { ...field, value: text, maxlength: settings.limits.title_chars }),
  }),
  line("alt_text", "Alt text", {
    help: "What the picture shows, for those who cannot see it.",
    control: (field, text) => h("textarea", { ...field, rows: 3, maxlength: settings.limits.alt_text_chars }, text),
    textOf: (image) => (image.alt_text_source === "given" ? image.alt_text : ""),
  }),
  line("tags", "Tags", {
    help: "Separated by commas.",
    control: (field, text) => h("input", { ...field, value: text, autocomplete: "off" }),
    textOf: (image) => image.tags.join(", "),
    valueOf: listOf,
  }),
  line("category", "Category", {
    fact: ({ category }) => category && h("a", { href: `#/?category=${encodeURIComponent(category)}` }, category),
  }),
  {
    name: "rating",
    label: "Rating",
    control: (field, text) =>
      h(
        "select",
        field,
        ["", "1", "2", "3", "4", "5"].map((value) =>
          h("option", { value, selected: value === text }, value ? "★".repeat(value) : "None"),
        ),
      ),
    textOf: (image) => String(image.rating ?? ""),
    valueOf: (text) => (text ? Number(text) : null),
    fact: ({ rating }) => rating && `${"★".repeat(rating)}${"☆".repeat(5 - rating)} (${rating} of 5)`,
  },
  {
    name: "groups",
    label: "Groups",
    help: "One a line, written type:id, such as conversation:c1.",
    control: (field, text) => h("textarea", { ...field, rows: 2 }, text),
    textOf: (image) => groupsOf(image).join("\n"),
    valueOf: groupsPatch,
  },
  line("expires_at", "Expires", {
    help: "Deleted by itself at that time.",
    control: (field, text) => h("input", { ...field, type: "datetime-local", value: text }),
    textOf: (image) => (image.expires_at ? localTime(image.expires_at) : ""),
    valueOf: (text) => (text ? new Date(text).toISOString() : null),
  }),
  {
    name: "metadata",
    label: "Metadata",
    help: "JSON: an object of up to 4 KB.",
    control: (field, text) => h("textarea", { ...field, class: "is-code", rows: 4, spellcheck: "false" }, text),
    textOf: ({ metadata }) => (Object.keys(metadata).length ? JSON.stringify(metadata, null, 2) : ""),
    valueOf: metadataPatch,
  },
];

/** A merge patch keeps the types that it does not name, so types without groups are set to null. */
function groupsPatch(text, image) {
  const patch = Object.fromEntries(Object.keys(image.groups).map((type) => [type, null]));
  const lines = text.split("\n").map((entry) => entry.trim());
  for (const entry of lines.filter(Boolean)) {
    const [type, ...rest] = entry.split(":");
    if (!type || !rest.join(":")) throw new Error(`“${entry}” is no group: write type:id.`);
    patch[type] = [...(patch[type] ?? []), rest.join(":")];
  }
  return patch;
}

/** A merge patch keeps the names that it does not have, so removed names are set to null. */
function metadataPatch(text, image) {
  let metadata;
  try {
    metadata = text ? JSON.parse(text) : {};
  } catch {
    throw new Error("Metadata is not JSON. Check quotes and commas.");
  }
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))
    throw new Error("Metadata must be an object in braces.");
  return { ...Object.fromEntries(Object.keys(image.metadata).map((name) => [name, null])), ...metadata };
}

function localTime(instant) {
  const date = new Date(instant);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
