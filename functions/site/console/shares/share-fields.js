// The fields of a new share: how long, which sizes, a name.
import { settings } from "../frame/settings.js";
import { h, unique } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { LIFETIMES, USUAL_LIFETIME } from "./sharing.js";

const SIZES = { thumb: "Thumbnail, square", display: "As large as a screen" };

export function shareFields({ name = "" } = {}) {
  return [
    field("Ends after", (id) =>
      h(
        "select",
        { id, name: "expires_in" },
        Object.entries(LIFETIMES).map(([value, text]) =>
          h("option", { value, selected: value === USUAL_LIFETIME }, text),
        ),
      ),
    ),
    h(
      "fieldset",
      { class: "share-sizes" },
      h("legend", {}, "Sizes"),
      settings.presets.map((preset) => size(preset)),
      h("p", { class: "fine" }, "Originals are never shared."),
    ),
    field(
      "Name",
      (id) =>
        h("input", {
          id,
          name: "name",
          value: name,
          maxlength: settings.limits.share_name_chars,
          autocomplete: "off",
        }),
      "For your list of shares only.",
    ),
  ];
}

function size(preset) {
  const id = unique("size");
  const words = SIZES[preset] ?? (settings.widths[preset] ? `${settings.widths[preset]} pixels wide` : preset);
  return h(
    "div",
    { class: "row" },
    h("input", { id, type: "checkbox", name: "preset", value: preset, checked: true }),
    h("label", { for: id }, words),
  );
}

/** What the API takes of these fields. Without a size there is nothing to share, which is an error. */
export function shareRequest(sent) {
  const presets = sent.getAll("preset");
  if (!presets.length) throw new Error("Choose at least one size.");
  const name = sent.get("name").trim();
  return {
    expires_in: Number(sent.get("expires_in")),
    ...(presets.length < settings.presets.length && { presets }),
    ...(name && { name }),
  };
}
