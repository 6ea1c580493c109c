// The details of an image, and the switch of its visibility.
import { h, unique } from "../parts/dom.js";
import { facts } from "../parts/fields.js";
import { atMoment, bytes, kindName, mediaType, visibilityName } from "../parts/format.js";
import { generationDetails } from "./generation-details.js";
import { groupChips } from "./group-chips.js";
import { icon } from "../parts/icons.js";
import { copyMenu } from "../shares/copy-menu.js";
import { ATTRIBUTES, groupsOf } from "./attributes.js";

const MEANING = { private: "Only you", unlisted: "Whoever has the link", public: "Everybody, and it is in the feed" };
const SOURCES = { given: "", derived: " (taken from the prompt)", none: "" };
const MEGAPIXEL = 1_000_000;

/** The panel beside the picture. `edit(attribute)` opens the form at a field. */
export function details(image, { publish, edit, signal }) {
  const isTrashed = image.status === "trashed";
  const change = (attribute, label) => !isTrashed && editLink(label, () => edit(attribute));
  const groups = groupsOf(image);
  return [
    h("h1", {}, image.title || image.filename || "Image without a name"),
    isTrashed && h("p", { class: "box" }, "This image is in the trash. Restored, it is private."),
    image.alt_text
      ? h("p", { class: "alt" }, image.alt_text, h("span", { class: "fine" }, SOURCES[image.alt_text_source]))
      : !isTrashed &&
        h(
          "button",
          { type: "button", class: "quiet-link", onclick: () => edit("alt_text") },
          "Describe it for those who cannot see it",
        ),
    image.warnings.length > 0 &&
      h(
        "ul",
        { class: "box" },
        image.warnings.map((warning) => h("li", {}, warning)),
      ),
    !isTrashed && visibility(image, publish),
    !isTrashed && copyMenu(image),
    !isTrashed && ways(image),
    section(
      "Details",
      facts({
        File: image.filename,
        Type: `${mediaType(image.content_type)} · ${kindName(image.kind)}`,
        Size: `${image.width} × ${image.height} (${megapixels(image)}) · ${bytes(image.size_bytes)}`,
        Added: atMoment(image.created_at),
        Changed: image.updated_at !== image.created_at && atMoment(image.updated_at),
        Expires: image.expires_at && atMoment(image.expires_at),
        ...Object.fromEntries(ATTRIBUTES.filter(({ fact }) => fact).map(({ label, fact }) => [label, fact(image)])),
      }),
    ),
    image.tags.length > 0 &&
      section(
        "Tags",
        h(
          "ul",
          { class: "chips" },
          image.tags.map((tag) =>
            h("li", {}, h("a", { class: "chip", href: `#/?tag=${encodeURIComponent(tag)}` }, tag)),
          ),
        ),
        change("tags", "Edit tags"),
      ),
    groups.length > 0 && section("Groups", groupChips(groups, signal), change("groups", "Edit groups")),
    image.generation && section("Generation", generationDetails(image, signal)),
    image.analysis && section("Analysis", analysis(image.analysis)),
    Object.keys(image.metadata).length > 0 &&
      section(
        "Metadata",
        facts(
          Object.fromEntries(
            Object.entries(image.metadata).map(([name, value]) => [
              name,
              typeof value === "string" ? value : h("code", {}, JSON.stringify(value)),
            ]),
          ),
        ),
        change("metadata", "Edit metadata"),
      ),
    section(
      "Technical",
      facts({
        Id: h("code", {}, image.id),
        Owner: h("code", {}, image.owner_id),
        "SHA-256": h("code", {}, image.sha256),
        "API link": h("code", {}, image.url),
        Caching: image.cache_control && h("code", {}, image.cache_control),
        Renditions: renditions(image),
      }),
    ),
  ];
}

/** Where one can go from an image. */
const ways = (image) =>
  h(
    "ul",
    { class: "ways" },
    [
      [`/generate?like=${image.id}`, "generate", "Generate more like this"],
      [`/similar/${image.id}`, "images", "Find similar images"],
    ].map(([address, drawn, words]) =>
      h("li", {}, h("a", { class: "quiet-link", href: `#${address}` }, icon(drawn), words)),
    ),
  );

const editLink = (label, act) =>
  h("p", {}, h("button", { type: "button", class: "quiet-link", onclick: act }, icon("edit"), label));

const megapixels = ({ width, height }) => `${((width * height) / MEGAPIXEL).toFixed(1)} MP`;

/** Each with an address of its own, which lasts for a while. */
const renditions = (image) =>
  h(
    "ul",
    {},
    Object.entries(image.renditions).map(([name, { url, width, height, size_bytes: size }]) =>
      h(
        "li",
        {},
        h("a", { href: url, target: "_blank", rel: "noopener" }, name),
        ` ${width} × ${height}`,
        size ? ` · ${bytes(size)}` : "",
      ),
    ),
  );

function visibility(image, publish) {
  if (image.kind === "reference")
    return h("p", { class: "fine locked" }, icon("lock"), "Reference images are always private.");
  const name = unique("visibility");
  const about = unique("meaning");
  return h(
    "fieldset",
    { class: "visibility" },
    h("legend", {}, "Who can see it"),
    h(
      "div",
      { class: "segmented" },
      ["private", "unlisted", "public"].map((value) =>
        h(
          "label",
          {},
          h("input", {
            type: "radio",
            name,
            value,
            checked: image.visibility === value,
            "aria-describedby": about,
            onchange: () => publish(value),
          }),
          h("span", {}, visibilityName(value)),
        ),
      ),
    ),
    h("p", { class: "fine", id: about }, MEANING[image.visibility]),
  );
}

function analysis({ response_context: context, tone_analysis: tone }) {
  return [
    context && h("p", {}, context),
    tone && facts({ Tone: tone.primary, Intensity: tone.intensity, Themes: tone.themes?.join(", ") }),
  ];
}

const section = (title, ...content) => h("section", {}, h("h2", {}, title), content);
