// What images are expected to cost, from the estimates of the store; the provider counts what they do cost.
import { money, plural, providerName } from "../parts/format.js";

const THOUSAND = 1000; // characters of a prompt, the unit of `prompt_usd`

/** One image of a model in dollars; null if its price is not known. */
export function imageCost(model, { size = "", quality = "", references = 0, chars = 0 } = {}) {
  const { estimate } = model;
  if (!estimate) return null;
  const sizes = estimate.images.flatMap((image) => image.sizes);
  const wanted = size || model.size_presets[0];
  const made = sizes.includes(wanted) ? wanted : nearest(wanted, sizes);
  const quality_ = model.qualities.includes(quality) ? quality : (model.qualities[0] ?? null);
  const image = estimate.images.find((each) => each.quality === quality_ && each.sizes.includes(made));
  if (!image) return null;
  return image.cost_usd + references * estimate.reference_usd + (chars / THOUSAND) * estimate.prompt_usd;
}

/** The size of nearly the same shape and area that has an estimate. */
function nearest(size, sizes) {
  const [width, height] = sides(size);
  const distance = (one) => {
    const [w, h] = sides(one);
    return Math.abs(Math.log((w * height) / (h * width))) * 10 + Math.abs(Math.log((w * h) / (width * height)));
  };
  return sizes.toSorted((one, other) => distance(one) - distance(other))[0];
}

/** Width and height of `WIDTHxHEIGHT`. */
export const sides = (size) => size.split("x").map(Number);

/**
 * The models that may make the images of a request, the likeliest first: that of the chosen provider, or else of each
 * usable one the first that takes so many references.
 */
export function candidates(providers, { provider = "", model = "", references = 0 }) {
  const usable = providers.filter((one) => one.configured || one.own_key);
  const ranked = usable.toSorted((one, other) => (other.provider === provider) - (one.provider === provider));
  return ranked.flatMap((one) => {
    const named = one.provider === provider && one.models.find(({ name }) => name === model);
    const made = named || one.models.find((each) => each.max_references >= references);
    return made ? [{ provider: one, model: made }] : [];
  });
}

/**
 * What a request is expected to cost, in words: `{text, each, total}`; the numbers are null where a price is not known.
 * `prompts` are texts, each made `n` times.
 */
export function requestCost(providers, { prompts, n, size, quality, references, ...choice }) {
  const [likely, ...others] = candidates(providers, { ...choice, references });
  const images = prompts.length * n;
  if (!likely || !images) return { text: "", each: null, total: null };
  const totalOf = ({ model }) => {
    const costs = prompts.map((prompt) => imageCost(model, { size, quality, references, chars: prompt.length }));
    return costs.includes(null) ? null : n * costs.reduce((sum, cost) => sum + cost, 0);
  };
  const total = totalOf(likely);
  const where = `${providerName(likely.provider.provider)} (${likely.model.name})`;
  const payer = likely.provider.own_key ? ", paid with your own key" : "";
  if (total === null) return { text: `Cost unknown: ${where} has no listed price.`, each: null, total };
  const known = others.map(totalOf);
  const most = Math.max(total, ...known.filter((cost) => cost !== null));
  const notes = [
    most > total * 1.05 && `up to ${money(most)} if another provider has to make them`,
    known.includes(null) && "more or less with a provider of unknown price",
  ].filter(Boolean);
  const each = total / images;
  const sum = images === 1 ? "" : `: ${plural(images, "image")} at ${money(each)} each`;
  return {
    text: `About ${money(total)}${sum} from ${where}${payer}.${notes.length ? ` ${sentence(notes.join("; "))}.` : ""}`,
    each,
    total,
  };
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1);

/** What is left of the owner's budgets, in words, the tighter first; an empty text without budgets. */
export function budgetLeft(spending, total) {
  const lefts = [
    ["today", spending?.today],
    ["this month", spending?.month],
  ]
    .filter(([, one]) => one?.budget_usd != null)
    .map(([name, one]) => ({
      name,
      left: Math.max(0, one.budget_usd - one.spent_usd - one.reserved_usd),
      budget: one.budget_usd,
    }))
    .toSorted((one, other) => one.left - other.left);
  if (!lefts.length) return { text: "", isEnough: true };
  const [{ left }] = lefts;
  const isEnough = total === null || total <= left;
  const said = lefts.map((one) => `${money(one.left)} of ${money(one.budget)} ${one.name}`).join(", ");
  return { text: `Your budget has left: ${said}.${isEnough ? "" : " This is not enough."}`, isEnough };
}
