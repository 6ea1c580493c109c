// The fields that choose a provider, a model, and what that can make.
import { fill, h } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { money, providerName } from "../parts/format.js";
import { settings } from "../frame/settings.js";
import { imageCost } from "./cost.js";
import { COMMON, sizeOptions } from "./sizes.js";

const BACKGROUNDS = ["auto", "opaque", "transparent"];
const FORMATS = ["png", "jpeg", "webp"];

/**
 * `elements` of a form, and `formatField` beside them; `draw()` offers what fits the choices; `mostReferences()` is how
 * many the model takes.
 */
export function modelChoices(usable) {
  const select = (label, name, children = []) => {
    const chosen = h("select", { name }, children);
    return [field(label, (id) => (chosen.setAttribute("id", id), chosen)), chosen];
  };
  const [providerField, provider] = select("Provider", "provider", [
    h("option", { value: "" }, "Automatic"),
    usable.map((one) => h("option", { value: one.provider }, providerName(one.provider))),
  ]);
  const [modelField, model] = select("Model", "model");
  const [sizeField, size] = select("Size", "size");
  const [qualityField, quality] = select("Quality", "quality");
  const [backgroundField, background] = select("Background", "background");
  const [formatField, format] = select("Format", "output_format");
  let offered = ""; // for which choices the lists were drawn

  const models = () => usable.find((one) => one.provider === provider.value)?.models ?? [];
  const named = () => models().find(({ name }) => name === model.value);
  /** The model whose sizes are offered: the chosen one, or the first of the chosen provider. */
  const made = () => named() ?? models()[0];

  /** Offer what fits, and keep what is chosen where it still fits. */
  function draw({ size: wanted = size.value } = {}) {
    const choices = JSON.stringify([provider.value, model.value, quality.value, wanted]);
    if (choices === offered) return;
    offer(model, [["", defaultModel()], ...models().map((one) => [one.name, priced(one)])]);
    model.disabled = !provider.value;
    const one = made();
    offer(quality, [["", "Default"], ...(one?.qualities ?? []).map((name) => [name, pricedQuality(one, name)])]);
    quality.disabled = !one?.qualities.length;
    offer(background, plain(named()?.backgrounds ?? BACKGROUNDS));
    offer(format, plain(named()?.output_formats ?? FORMATS));
    fill(size, sizeOptions(one ?? COMMON, quality.value));
    keep(size, wanted);
    offered = JSON.stringify([provider.value, model.value, quality.value, size.value]);
  }

  const defaultModel = () => (models().length ? `Default (${models()[0].name})` : "Default");
  const priced = (one) => `${one.name} · ${perImage(one)}`;
  const pricedQuality = (one, name) => {
    const cost = imageCost(one, { size: size.value, quality: name });
    return cost === null ? name : `${name} · ${money(cost)}`;
  };

  return {
    elements: [providerField, modelField, sizeField, h("div", { class: "pair" }, qualityField, backgroundField)],
    formatField,
    draw,
    mostReferences: () =>
      Math.min(settings.limits.references, named() ? named().max_references : settings.limits.references),
  };
}

/** The price of an image of a model's default size and quality, in words. */
export function perImage(model) {
  const cost = imageCost(model);
  return cost === null ? "price unknown" : `${money(cost)} an image`;
}

const plain = (choices) => [["", "Default"], ...choices.map((choice) => [choice, choice])];

function offer(select, pairs) {
  const chosen = select.value;
  fill(
    select,
    pairs.map(([value, label]) => h("option", { value }, label)),
  );
  keep(select, chosen);
}

const keep = (select, value) => {
  select.value = value;
  if (select.selectedIndex < 0) select.value = "";
};
