// The panel of filters: a field for each of them, and searches that were saved.
import { go } from "../frame/router.js";
import { completed } from "../parts/completion.js";
import { fill, h } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { remember } from "../parts/seen.js";
import {
  suggestCategories,
  suggestGroups,
  suggestModels,
  suggestProviders,
  suggestTags,
} from "../parts/suggestions.js";
import { savedSearches } from "../searches/saved-searches.js";
import { FILTERS, addressWith, said } from "./filters.js";

const choice =
  (values, none = "Any") =>
  (properties, name, value) =>
    h(
      "select",
      properties,
      h("option", { value: "" }, none),
      values.map((one) => h("option", { value: one, selected: one === value }, said(name, one))),
    );
const text = (suggest, others) => (properties, _, value) =>
  completed(h("input", { ...properties, value, ...others }), { suggest });
const day = (properties, _, value) => h("input", { ...properties, value, type: "date" });

const CONTROLS = {
  kind: choice(["upload", "generated", "reference"]),
  visibility: choice(["private", "unlisted", "public"]),
  tag: text(suggestTags, { placeholder: "beach" }),
  group: text(suggestGroups, {
    placeholder: "album:summer",
    pattern: "[^:]+:.+",
    title: "A group is written type:id",
  }),
  category: text(suggestCategories),
  model: text(suggestModels),
  provider: text(suggestProviders),
  from: day,
  to: day,
  order: choice(["asc"], "Newest first"),
};

/** Fill the panel of the screen at `path`, which offers the filters of these names. */
export function fillFilterPanel(panel, { path, query, names }) {
  const submit = (event) => {
    event.preventDefault();
    const chosen = Object.fromEntries(new FormData(event.target));
    remember("category", chosen.category);
    panel.hidePopover();
    go(addressWith(path, query, chosen));
  };
  const clear = () => {
    panel.hidePopover();
    go(addressWith(path, query, Object.fromEntries(names.map((name) => [name, ""]))));
  };
  fill(
    panel,
    h(
      "form",
      { class: "filter-fields", onsubmit: submit, "aria-label": "Filters" },
      names.map((name) =>
        field(FILTERS[name][0], (id) => CONTROLS[name]({ id, name }, name, query.get(name) ?? "")),
      ),
      h(
        "div",
        { class: "row is-end" },
        h("button", { type: "button", class: "button", onclick: clear }, "Clear"),
        h("button", { class: "button is-main" }, "Show"),
      ),
    ),
    savedSearches({ address: addressWith(path, query, {}), suggestion: named(query, names) }),
  );
}

/** A name for a search, from its words and filters; empty where there are none. */
function named(query, names) {
  const values = names.filter((name) => query.get(name)).map((name) => said(name, query.get(name)));
  return [query.get("q"), ...values].filter(Boolean).join(", ");
}
