// The form for new images: prompts, provider, model, size and reference images, and what they are expected to cost.
import { call } from "../parts/api.js";
import { fill, h, unique } from "../parts/dom.js";
import { dropDraft, kept as keptDraft } from "../parts/drafts.js";
import { field } from "../parts/fields.js";
import { plural, visibilityName } from "../parts/format.js";
import { onSubmit } from "../parts/forms.js";
import { icon } from "../parts/icons.js";
import { go } from "../frame/router.js";
import { settings } from "../frame/settings.js";
import { beginningOf, valuesOfJob } from "./beginnings.js";
import { modelChoices } from "./choices.js";
import { budgetLeft, requestCost } from "./cost.js";
import { pickEarlierPrompt } from "./prompt-history.js";
import { referencesField } from "./references.js";

const TEXTS = ["negative_prompt", "size", "quality", "background", "output_format"]; // sent when they say something

export async function showGenerate(root, { query, signal }) {
  const about = h("p", { class: "fine" }, "Describe images to generate and store.");
  const title = h("h1", { tabindex: "-1" }, "Generate");
  const actions = h("div", { class: "row screen-actions" });
  root.append(
    h("header", { class: "screen-head" }, h("div", {}, title, about), actions),
    h("p", { class: "gallery-status", role: "status" }, "Loading …"),
  );
  const [{ data }, beginning] = await Promise.all([
    call("GET", "/v1/providers", { signal }),
    beginningOf(query, signal),
  ]);
  root.lastChild.remove();
  title.textContent = beginning.title;
  about.textContent = beginning.about;
  const usable = data.items.filter((provider) => provider.configured || provider.own_key);
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
  actions.append(
    h("button", { type: "button", class: "button", onclick: useEarlier }, icon("jobs"), "Earlier prompts"),
  );
  root.append(form(data, usable, beginning, signal));

  async function useEarlier() {
    const job = await pickEarlierPrompt();
    const values = job && valuesOfJob(job);
    if (values) root.querySelector("form").dispatchEvent(new CustomEvent("use-again", { detail: values }));
  }
}

function form({ items: providers, spending }, usable, beginning, signal) {
  const problem = h("p", { class: "form-problem", role: "alert" });
  const sum = h("div", { class: "cost", role: "status" });
  const button = h("button", { class: "button is-main is-large" }, "Generate");
  const references = referencesField({ most: () => choices.mostReferences(), signal });
  const lines = unique("lines");
  const attempt = h("input", { type: "hidden", name: "attempt", value: "" });
  const choices = modelChoices(usable);
  const element = h(
    "form",
    {
      class: "columns",
      onsubmit: onSubmit(send, (text) => (problem.textContent = text)),
      oninput: count,
      onchange: count,
    },
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
      h(
        "div",
        { class: "check" },
        h("input", { type: "checkbox", id: lines, name: "is_one", value: "yes" }),
        h("label", { for: lines }, "All lines are one prompt"),
      ),
      field("Exclude", (id) => h("input", { id, name: "negative_prompt", autocomplete: "off" })),
      references.element,
    ),
    h(
      "div",
      { class: "card stack" },
      choices.elements,
      h(
        "div",
        { class: "pair" },
        choices.formatField,
        field("Seed", (id) =>
          h("input", { id, name: "seed", type: "number", min: 0, placeholder: "random", inputmode: "numeric" }),
        ),
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
        field("Who can see them", (id) =>
          h(
            "select",
            { id, name: "visibility" },
            ["private", "unlisted", "public"].map((value) => h("option", { value }, visibilityName(value))),
          ),
        ),
      ),
      keptWords(beginning.kept),
      attempt,
      sum,
      problem,
      button,
    ),
  );
  const fields = element.elements;

  function prompts() {
    const text = fields.prompts.value.trim();
    if (fields.is_one.checked) return text ? [text] : [];
    return text
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
  }

  const request = () => ({
    prompts: prompts(),
    n: Number(fields.n.value) || 1,
    provider: fields.provider.value,
    model: fields.model.value,
    size: fields.size.value,
    quality: fields.quality.value,
    references: references.ids().length,
  });

  /** What stands in the way of sending; null if nothing does. */
  function obstacle({ prompts: texts, n, references: chosen }) {
    const images = texts.length * n;
    if (!images) return "";
    if (images > settings.limits.job_images)
      return `${images} images are too many: at most ${settings.limits.job_images} at once.`;
    const most = choices.mostReferences();
    if (chosen > most)
      return most
        ? `${chosen} reference images are too many: at most ${most}.`
        : "This model takes no reference images.";
    return null;
  }

  function count() {
    choices.draw();
    const asked = request();
    const told = obstacle(asked);
    button.disabled = told !== null;
    if (told !== null) return say(told);
    const cost = requestCost(providers, asked);
    const budget = budgetLeft(spending, cost.total);
    say(
      plural(asked.prompts.length * asked.n, "image"),
      h("p", {}, cost.text),
      budget.text && h("p", { class: budget.isEnough ? "fine" : "form-problem" }, budget.text),
    );
  }

  /** Screen readers hear it only when it changes. */
  function say(first, ...rest) {
    const next = h("div", {}, h("b", {}, first), rest);
    if (sum.textContent !== next.textContent) fill(sum, next);
  }

  function put(values) {
    const set = (names) =>
      names.forEach((name) => {
        if (values[name] !== undefined && fields[name]) fields[name].value = values[name];
      });
    set(["prompts", "negative_prompt", "provider", "n", "seed", "visibility"]);
    fields.is_one.checked = Boolean(values.is_one);
    choices.draw();
    set(["model"]);
    choices.draw();
    set(["quality"]);
    choices.draw({ size: values.size });
    set(["background", "output_format"]);
    references.set((values.reference_ids ?? "").split(",").filter(Boolean));
    count();
  }

  /** The key of a request. Until it is answered, sending the same again repeats it, and nothing is paid twice. */
  function keyOf(body) {
    const [sent, key] = attempt.value ? JSON.parse(attempt.value) : [];
    if (sent === body) return key;
    const next = crypto.randomUUID();
    attempt.value = JSON.stringify([body, next]);
    attempt.dispatchEvent(new Event("input", { bubbles: true })); // so that a reload keeps it
    return next;
  }

  async function send() {
    const values = Object.fromEntries(new FormData(element));
    const asked = request();
    const referenceIds = references.ids();
    const shared = {
      ...beginning.kept,
      n: asked.n,
      visibility: values.visibility,
      ...Object.fromEntries(TEXTS.filter((name) => values[name]).map((name) => [name, values[name]])),
      ...(values.seed && { seed: Number(values.seed) }),
      ...(referenceIds.length && { reference_ids: referenceIds }),
    };
    const json = {
      items: asked.prompts.map((prompt) => ({ prompt, ...shared })),
      ...(values.provider && { provider: values.provider }),
      ...(values.model && { model: values.model }),
    };
    const headers = { "Idempotency-Key": keyOf(JSON.stringify(json)) };
    const { data: job } = await call("POST", "/v1/generations", { json, headers }).catch((error) => {
      if (!error.mayPass) attempt.value = "";
      throw error;
    });
    dropDraft(beginning.draft);
    go(`/jobs/${job.id}`);
  }

  element.addEventListener("use-again", ({ detail }) => {
    put(detail);
    element.dispatchEvent(new Event("input")); // so that the draft has it
    fields.prompts.focus();
  });
  put(beginning.values);
  keptDraft(element, beginning.draft);
  count();
  return element;
}

/** What goes along with a request that is sent again. */
function keptWords(kept) {
  const names = {
    title: "title",
    alt_text: "alt text",
    category: "category",
    tags: "tags",
    groups: "groups",
    metadata: "metadata",
  };
  const along = Object.entries(names).filter(([name]) => kept[name] && Object.keys(kept[name]).length > 0);
  return (
    along.length > 0 && h("p", { class: "fine" }, `Sent along unchanged: ${along.map(([, word]) => word).join(", ")}.`)
  );
}
