// A token with which somebody else, or a page of your own, can upload a few images, and do nothing else.
import { call } from "../parts/api.js";
import { completed } from "../parts/completion.js";
import { copyField } from "../parts/copy-field.js";
import { fill, h, unique } from "../parts/dom.js";
import { dropDraft, kept } from "../parts/drafts.js";
import { field, listOf } from "../parts/fields.js";
import { atMoment, mediaType } from "../parts/format.js";
import { onSubmit } from "../parts/forms.js";
import { suggestAlbums, suggestTags } from "../parts/suggestions.js";

const LIFETIMES = { 900: "15 minutes", 3600: "An hour", 28800: "8 hours", 86400: "A day" };
const USUAL_LIFETIME = "3600";
const TYPES = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"];
const COPY = { label: "Upload token", name: "Copy token", notice: "Token copied." };
const MB = 1_000_000;
const DRAFT = "upload-token";
const ALBUM = "album:";

/** The form; a new token is shown above it until the screen is left. */
export function uploadTokens() {
  const fresh = h("div", { class: "stack", hidden: true, tabindex: "-1", role: "region", "aria-label": "New token" });
  const problem = h("p", { class: "form-problem", role: "alert" });
  const create = async (sent) => {
    const { data } = await call("POST", "/v1/upload-tokens", { json: requestOf(sent) });
    dropDraft(DRAFT);
    fresh.hidden = false;
    fill(
      fresh,
      h("p", {}, `This is the token. It ends ${atMoment(data.expires_at)}. Keep it now: it is not shown again.`),
      copyField(data.token, COPY),
    );
    fresh.focus();
  };
  const form = h(
    "form",
    { class: "stack", onsubmit: onSubmit(create, (text) => (problem.textContent = text)) },
    fields(),
    problem,
    h("p", {}, h("button", { type: "submit", class: "button is-main" }, "Create token")),
  );
  kept(form, DRAFT);
  return h(
    "section",
    { class: "card" },
    h("h2", {}, "Upload token"),
    h(
      "div",
      { class: "stack" },
      h(
        "p",
        { class: "fine" },
        "Whoever has it can add images to your account, within these limits, and do nothing else. " +
          "The store keeps no list of tokens and cannot revoke one, so let it end soon.",
      ),
      fresh,
      form,
    ),
  );
}

function requestOf(sent) {
  const types = sent.getAll("type");
  if (!types.length) throw new Error("Choose at least one format.");
  const tags = listOf(sent.get("tags"));
  const album = sent.get("album").trim().replace(ALBUM, ""); // suggestions have the type before the name
  return {
    max_images: Number(sent.get("images")),
    expires_in: Number(sent.get("lifetime")),
    ...(sent.get("megabytes") && { max_bytes: Math.round(Number(sent.get("megabytes")) * MB) }),
    ...(types.length < TYPES.length && { content_types: types }),
    attributes: { ...(tags.length && { tags }), ...(album && { groups: { album: [album] } }) },
    may_set: ["filename"],
  };
}

function fields() {
  const text = (label, name, more, help) =>
    field(label, (id) => h("input", { id, name, autocomplete: "off", ...more }), help);
  const suggested = (label, name, source, help) =>
    field(label, (id) => completed(h("input", { id, name, autocomplete: "off" }), source), help);
  return [
    h(
      "div",
      { class: "choices is-top" },
      text("Images", "images", { type: "number", min: 1, required: true, value: "1" }),
      field("Ends after", (id) =>
        h(
          "select",
          { id, name: "lifetime" },
          Object.entries(LIFETIMES).map(([value, words]) =>
            h("option", { value, selected: value === USUAL_LIFETIME }, words),
          ),
        ),
      ),
      text(
        "Most MB of one image",
        "megabytes",
        { type: "number", min: 0.001, step: "any" },
        "Empty for what the store accepts.",
      ),
      suggested("Tags", "tags", { suggest: suggestTags, many: true }, "Every image gets them."),
      suggested("Album", "album", { suggest: suggestAlbums }, "Every image is put there."),
    ),
    h("fieldset", {}, h("legend", {}, "Formats"), h("div", { class: "row" }, TYPES.map(typeChoice))),
  ];
}

function typeChoice(type) {
  const id = unique("type");
  return h(
    "div",
    { class: "check" },
    h("input", { id, type: "checkbox", name: "type", value: type, checked: true }),
    h("label", { for: id }, mediaType(type)),
  );
}
