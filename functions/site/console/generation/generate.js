// The form for new images: prompts, one per line, with provider, model, size and reference images.
import { call, listImages } from "../parts/api.js";
import { fill, h } from "../parts/dom.js";
import { draftOf, dropDraft, keepDraft } from "../parts/drafts.js";
import { field } from "../parts/fields.js";
import { providerName, visibilityName } from "../parts/format.js";
import { problemBox } from "../parts/problem-box.js";
import { go } from "../frame/router.js";
import { settings } from "../frame/settings.js";

const DRAFT = "generate";
const SIZES = ["1024x1024", "1536x1024", "1024x1536"];
const BACKGROUNDS = ["auto", "opaque", "transparent"];
const FORMATS = ["png", "jpeg", "webp"];

export async function showGenerate(root, { signal }) {
  root.append(
    h(
      "header",
      { class: "screen-head" },
      h(
        "div",
        {},
        h("h1", { tabindex: "-1" }, "Generate"),
        h("p", { class: "fine" }, "Describe images to generate and store."),
      ),
    ),
    h("p", { class: "gallery-status", role: "status" }, "Loading …"),
  );
  const { data } = await call("GET", "/v1/providers", { signal });
  root.lastChild.remove();
  const providers = data.items;
  const usable = providers.filter((provider) => provider.configured || provider.own_key);
  if (!usable.length)
    return void root.append(
      h(
        "p",
        { class: "box" },
        "No provider has a key yet. ",
        h("a", { href: "#/providers" }, "Add a key of your own"),
        ", or ask the operator of the store to configure one.",
      ),
    );
  const problem = h("p", { class: "form-problem", role: "alert" });
  const sum = h("p", { class: "fine", role: "status" });
  const button = h("button", { class: "button is-main is-large" }, "Generate");
  const form = h(
    "form",
    { class: "columns", onsubmit: submit, oninput: count },
    h(
      "div",
      { class: "card stack" },
      field(
        "Prompts",
        (id) =>
          h("textarea", {
            id,
            name: "prompts",
            rows: 7,
            required: true,
            placeholder: "A lighthouse at dusk, watercolour\nThe same lighthouse in a storm",
          }),
        "One per line; each becomes an image.",
      ),
      field("Exclude", (id) => h("input", { id, name: "negative_prompt", autocomplete: "off" })),
      h("fieldset", { class: "stack" }, h("legend", {}, "Reference images"), await references(signal)),
    ),
    h(
      "div",
      { class: "card stack" },
      field("Provider", (id) =>
        select(
          id,
          "provider",
          [["", "Automatic"], ...usable.map(({ provider }) => [provider, providerName(provider)])],
          offerModels,
        ),
      ),
      field("Model", (id) => select(id, "model", [["", "Default"]], offerChoices)),
      h(
        "div",
        { class: "pair" },
        field("Size", (id) => select(id, "size", [])),
        field("Quality", (id) => select(id, "quality", [])),
      ),
      h(
        "div",
        { class: "pair" },
        field("Background", (id) => select(id, "background", [])),
        field("Format", (id) => select(id, "output_format", [])),
      ),
      h(
        "div",
        { class: "pair" },
        field("Images per prompt", (id) =>
          h("input", {
            id,
            name: "n",
            type: "number",
            min: 1,
            max: settings.limits.variations,
            value: "1",
            inputmode: "numeric",
          }),
        ),
        field("Seed", (id) =>
          h("input", { id, name: "seed", type: "number", min: 0, placeholder: "random", inputmode: "numeric" }),
        ),
      ),
      field("Who can see them", (id) =>
        select(
          id,
          "visibility",
          ["private", "unlisted", "public"].map((value) => [value, visibilityName(value)]),
        ),
      ),
      sum,
      problem,
      button,
    ),
  );
  const modelsOf = (name) => (name ? (providers.find(({ provider }) => provider === name)?.models ?? []) : []);
  function offerModels() {
    fill(
      form.elements.model,
      options([["", "Default"], ...modelsOf(form.elements.provider.value).map(({ name }) => [name, name])]),
    );
    form.elements.model.disabled = !form.elements.provider.value;
    offerChoices();
  }
  function offerChoices() {
    const model = modelsOf(form.elements.provider.value).find(({ name }) => name === form.elements.model.value);
    offer("quality", model?.qualities ?? []);
    form.elements.quality.disabled = !model?.qualities.length;
    offer("background", model?.backgrounds ?? BACKGROUNDS);
    offer("output_format", model?.output_formats ?? FORMATS);
    fill(
      form.elements.size,
      options([
        ["", "Default"],
        ...(model?.sizes.length ? model.sizes : SIZES).map((size) => [size, size.replace("x", " × ")]),
      ]),
    );
  }
  function offer(name, choices) {
    fill(form.elements[name], options([["", "Default"], ...choices.map((choice) => [choice, choice])]));
  }
  function prompts() {
    return form.elements.prompts.value
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
  }
  function count() {
    const images = prompts().length * (Number(form.elements.n.value) || 1);
    sum.textContent =
      images > settings.limits.job_images
        ? `${images} images are too many: at most ${settings.limits.job_images} at once.`
        : images
          ? `${images} ${images === 1 ? "image" : "images"}`
          : "";
    const references = form.querySelectorAll("[name=reference]:checked").length;
    const most = mostReferences();
    if (references > most)
      sum.textContent = most
        ? `${references} reference images are too many: at most ${most}.`
        : "This model takes no reference images.";
    for (const input of form.querySelectorAll("[name=reference]:not(:checked)")) input.disabled = references >= most;
    button.disabled = images === 0 || images > settings.limits.job_images || references > most;
  }
  function mostReferences() {
    const models = modelsOf(form.elements.provider.value);
    const model = models.find(({ name }) => name === form.elements.model.value);
    return Math.min(settings.limits.references, model ? model.max_references : settings.limits.references);
  }

  restore(draftOf(DRAFT));
  keepDraft(form, DRAFT);
  root.append(form);
  count();

  function restore(draft) {
    const fillIn = (names) =>
      names.forEach(
        (name) => draft?.[name] !== undefined && form.elements[name] && (form.elements[name].value = draft[name]),
      );
    fillIn(["prompts", "negative_prompt", "provider", "n", "seed", "visibility"]);
    offerModels();
    fillIn(["model"]);
    offerChoices();
    fillIn(["size", "quality", "background", "output_format"]);
  }

  async function submit(event) {
    event.preventDefault();
    problem.textContent = "";
    button.disabled = true;
    const values = Object.fromEntries(new FormData(form));
    const referenceIds = new FormData(form).getAll("reference");
    const shared = {
      n: Number(values.n) || 1,
      visibility: values.visibility,
      ...(values.negative_prompt && { negative_prompt: values.negative_prompt }),
      ...(values.size && { size: values.size }),
      ...(values.quality && { quality: values.quality }),
      ...(values.background && { background: values.background }),
      ...(values.output_format && { output_format: values.output_format }),
      ...(values.seed && { seed: Number(values.seed) }),
      ...(referenceIds.length && { reference_ids: referenceIds }),
    };
    try {
      const { data: job } = await call("POST", "/v1/generations", {
        json: {
          items: prompts().map((prompt) => ({ prompt, ...shared })),
          ...(values.provider && { provider: values.provider }),
          ...(values.model && { model: values.model }),
        },
        headers: { "Idempotency-Key": crypto.randomUUID() },
      });
      dropDraft(DRAFT);
      go(`/jobs/${job.id}`);
    } catch (error) {
      problem.textContent = error.message;
      button.disabled = false;
    }
  }
}

async function references(signal) {
  try {
    const { items } = await listImages({ kind: "reference", limit: 24 }, signal);
    if (!items.length)
      return h(
        "p",
        { class: "fine" },
        "None yet. ",
        h("a", { href: "#/upload" }, "Upload pictures"),
        " of the kind “Reference” to use them here.",
      );
    return h(
      "div",
      { class: "references" },
      items.map((card) =>
        h(
          "label",
          { class: "reference" },
          h("input", {
            type: "checkbox",
            name: "reference",
            value: card.id,
            "aria-label": card.alt_text || card.filename,
          }),
          h("img", { src: card.thumb_url, alt: "", loading: "lazy" }),
          h("span", { class: "reference-mark", "aria-hidden": "true" }, "✓"),
        ),
      ),
    );
  } catch (error) {
    return problemBox(error);
  }
}

const options = (pairs) => pairs.map(([value, label]) => h("option", { value }, label));
const select = (id, name, pairs, onchange = null) =>
  h("select", { id, name, ...(onchange ? { onchange } : {}) }, options(pairs));
