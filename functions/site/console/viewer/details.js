// The details of an image, and the switch of its visibility.
import { h, unique } from "../parts/dom.js";
import { facts } from "../parts/fields.js";
import {
  atMoment,
  bytes,
  duration,
  kindName,
  mediaType,
  money,
  providerName,
  visibilityName,
} from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { copyMenu } from "../shares/copy-menu.js";
import { ATTRIBUTES, groupsOf } from "./attributes.js";

const MEANING = { private: "Only you", unlisted: "Whoever has the link", public: "Everybody, and it is in the feed" };
const SOURCES = { given: "", derived: " (taken from the prompt)", none: "" };

/** The panel beside the picture. */
export function details(image, { publish, edit }) {
  const isTrashed = image.status === "trashed";
  return [
    h("h1", {}, image.title || image.filename || "Image without a name"),
    isTrashed && h("p", { class: "box" }, "This image is in the trash. Restored, it is private."),
    image.alt_text
      ? h("p", { class: "alt" }, image.alt_text, h("span", { class: "fine" }, SOURCES[image.alt_text_source]))
      : !isTrashed &&
        h(
          "button",
          { type: "button", class: "quiet-link", onclick: edit },
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
    !isTrashed &&
      h(
        "p",
        {},
        h("a", { class: "quiet-link", href: `#/similar/${image.id}` }, icon("images"), "Find similar images"),
      ),
    section(
      "Details",
      facts({
        File: image.filename,
        Type: `${mediaType(image.content_type)} · ${kindName(image.kind)}`,
        Size: `${image.width} × ${image.height} · ${bytes(image.size_bytes)}`,
        Added: atMoment(image.created_at),
        Changed: image.updated_at !== image.created_at && atMoment(image.updated_at),
        Expires: image.expires_at && atMoment(image.expires_at),
        ...Object.fromEntries(
          ATTRIBUTES.filter(({ fact }) => fact).map(({ label, fact }) => [label, fact(image)]),
        ),
      }),
    ),
    image.tags.length > 0 &&
      section("Tags", chips(image.tags.map((tag) => [tag, `/?tag=${encodeURIComponent(tag)}`]))),
    groupsOf(image).length > 0 &&
      section("Groups", chips(groupsOf(image).map((name) => [name, `/groups/${encodeURIComponent(name)}`]))),
    image.generation && section("Generation", generation(image.generation)),
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
      ),
    section(
      "Technical",
      facts({
        Id: h("code", {}, image.id),
        "SHA-256": h("code", {}, image.sha256),
        Renditions: Object.entries(image.renditions)
          .map(([name, { width, height }]) => `${name} ${width} × ${height}`)
          .join(", "),
      }),
    ),
  ];
}

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

function generation(provenance) {
  return [
    provenance.prompt && h("p", { class: "prompt" }, provenance.prompt),
    facts({
      Without: provenance.negative_prompt,
      Model:
        provenance.model &&
        h("a", { href: `#/?model=${encodeURIComponent(provenance.model)}` }, provenance.model),
      Provider: provenance.provider && providerName(provenance.provider),
      Size: provenance.size,
      Quality: provenance.quality,
      Seed: provenance.seed === -1 ? "random" : provenance.seed,
      Made: provenance.generated_at && atMoment(provenance.generated_at),
      Took: provenance.duration_ms != null && duration(provenance.duration_ms),
      Cost: provenance.cost_usd != null && money(provenance.cost_usd),
      Parameters:
        provenance.params &&
        Object.keys(provenance.params).length > 0 &&
        h("code", {}, JSON.stringify(provenance.params)),
      Source: provenance.original_url,
    }),
  ];
}

function analysis({ response_context: context, tone_analysis: tone }) {
  return [
    context && h("p", {}, context),
    tone && facts({ Tone: tone.primary, Intensity: tone.intensity, Themes: tone.themes?.join(", ") }),
  ];
}

const section = (title, ...content) => h("section", {}, h("h2", {}, title), content);
const chips = (links) =>
  h(
    "ul",
    { class: "chips" },
    links.map(([name, address]) => h("li", {}, h("a", { class: "chip", href: `#${address}` }, name))),
  );
