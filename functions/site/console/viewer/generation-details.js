// How an image was made: its prompt, to copy, and what it was made with.
import { getImage } from "../parts/api.js";
import { copyText } from "../parts/copy-field.js";
import { h } from "../parts/dom.js";
import { facts } from "../parts/fields.js";
import { atMoment, duration, money, providerName } from "../parts/format.js";
import { icon } from "../parts/icons.js";

/** The section of an image that was generated. */
export function generationDetails(image, signal) {
  const { generation } = image;
  return [
    generation.prompt && prompt(generation.prompt),
    facts({
      Without: generation.negative_prompt,
      Model: generation.model && h("a", { href: `#/?model=${encodeURIComponent(generation.model)}` }, generation.model),
      Provider: generation.provider && providerName(generation.provider),
      Size: generation.size,
      Quality: generation.quality,
      Seed: seed(generation.seed),
      Requested: requested(generation),
      Made: generation.generated_at && atMoment(generation.generated_at),
      Took: generation.duration_ms != null && duration(generation.duration_ms),
      Cost: generation.cost_usd != null && money(generation.cost_usd),
      References: generation.reference_ids?.length > 0 && references(generation.reference_ids, signal),
      Parameters:
        generation.params &&
        Object.keys(generation.params).length > 0 &&
        h("code", {}, JSON.stringify(generation.params)),
      Source: generation.original_url,
    }),
  ];
}

function prompt(text) {
  const shown = h("p", { class: "prompt" }, text);
  const copy = () =>
    copyText(text, { notice: "Prompt copied.", select: () => getSelection().selectAllChildren(shown) });
  return [
    shown,
    h("p", {}, h("button", { type: "button", class: "quiet-link", onclick: copy }, icon("jobs"), "Copy prompt")),
  ];
}

const seed = (value) => (value === -1 ? "random" : value);

/** What was requested and made otherwise, in words. */
function requested(generation) {
  const names = ["provider", "model", "size", "quality", "seed"];
  const different = names.filter(
    (name) => generation.request?.[name] != null && generation.request[name] !== generation[name],
  );
  const also = ["background", "output_format"].filter((name) => generation.request?.[name] != null);
  return [...different, ...also]
    .map((name) => `${name.replace("_", " ")} ${seed(generation.request[name])}`)
    .join(", ");
}

/** Its pictures come after the words. */
function references(ids, signal) {
  return h(
    "ul",
    { class: "references" },
    ids.map((id, index) => {
      const link = h("a", { class: "reference", href: `#/images/${id}`, "aria-label": `Reference image ${index + 1}` });
      show(link, id, signal);
      return h("li", {}, link);
    }),
  );
}

async function show(link, id, signal) {
  try {
    const { image } = await getImage(id, signal);
    link.append(h("img", { src: image.renditions.thumb?.url, alt: "" }));
  } catch {
    link.append(icon("alert")); // It may be deleted; its address says so.
  }
}
