// The filters of a list: kept in the address, chosen in a panel, shown as chips that can be removed.
import { h, unique } from "../parts/dom.js";
import { kindName, visibilityName } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { go } from "../frame/router.js";

// Every filter, by query parameter.
const FILTERS = {
  kind: { label: "Kind", choices: ["upload", "generated", "reference"], say: kindName },
  visibility: { label: "Visibility", choices: ["private", "unlisted", "public"], say: visibilityName },
  tag: { label: "Tag", placeholder: "beach" },
  group: { label: "Group", placeholder: "conversation:c1", pattern: "[^:]+:.+", title: "A group is written type:id" },
  category: { label: "Category" },
  model: { label: "Model" },
  provider: { label: "Provider" },
  from: { label: "From", type: "date" },
  to: { label: "To", type: "date" },
  order: { label: "Order", choices: ["asc"], say: () => "Oldest first", none: "Newest first" },
};

/** The filters in an address, in the form of the API: days become instants, and the last day is included. */
export function filtersOf(query) {
  const filters = Object.fromEntries(
    Object.keys(FILTERS)
      .map((name) => [name, query.get(name)])
      .filter(([, value]) => value),
  );
  if (filters.from) filters.from = startOf(filters.from, 0);
  if (filters.to) filters.to = startOf(filters.to, 1);
  return filters;
}

function startOf(day, later) {
  const date = new Date(`${day}T00:00`);
  date.setDate(date.getDate() + later);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

/** Button, panel and chips for the screen at `path`; `without` names filters to leave out. */
export function filterBar(path, query, { without = [] } = {}) {
  const offered = Object.entries(FILTERS).filter(([name]) => !without.includes(name));
  const panel = unique("filters");
  const chosen = offered.filter(([name]) => query.get(name));
  const submit = (event) => {
    event.preventDefault();
    go(address(path, query, Object.fromEntries(new FormData(event.target))));
  };
  return [
    h(
      "button",
      { type: "button", class: "button", popovertarget: panel },
      icon("filter"),
      chosen.length ? `Filters (${chosen.length})` : "Filters",
    ),
    h(
      "form",
      { id: panel, class: "menu filters", popover: "auto", onsubmit: submit, "aria-label": "Filters" },
      offered.map(([name, field]) => control(name, field, query.get(name) ?? "")),
      h(
        "div",
        { class: "row is-end" },
        h(
          "button",
          {
            type: "button",
            class: "button",
            onclick: () => go(address(path, query, Object.fromEntries(offered.map(([name]) => [name, ""])))),
          },
          "Clear",
        ),
        h("button", { class: "button is-main" }, "Show"),
      ),
    ),
    chosen.length > 0 &&
      h(
        "ul",
        { class: "chips", "aria-label": "Filters in use" },
        chosen.map(([name, field]) =>
          h(
            "li",
            {},
            h(
              "a",
              {
                class: "chip",
                href: `#${address(path, query, { [name]: "" })}`,
                "aria-label": `Remove the filter ${field.label}`,
              },
              `${field.label}: ${(field.say ?? String)(query.get(name))}`,
              icon("close"),
            ),
          ),
        ),
      ),
  ];
}

function control(name, field, value) {
  const id = unique(name);
  const input = field.choices
    ? h(
        "select",
        { id, name },
        h("option", { value: "" }, field.none ?? "Any"),
        field.choices.map((choice) => h("option", { value: choice, selected: choice === value }, field.say(choice))),
      )
    : h("input", {
        id,
        name,
        value,
        type: field.type ?? "text",
        placeholder: field.placeholder,
        pattern: field.pattern,
        title: field.title,
        autocomplete: "off",
      });
  return h("div", { class: "field" }, h("label", { for: id }, field.label), input);
}

function address(path, query, changes) {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  const text = next.toString();
  return text ? `${path}?${text}` : path;
}
