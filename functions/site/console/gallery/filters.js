// The filters of a list: kept in the address, shown as chips that can be removed. Their form is in the second script.
import { h, unique } from "../parts/dom.js";
import { kindName, visibilityName } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { notify } from "../parts/notices.js";
import { loadLate } from "../frame/router.js";

/** Every filter, by query parameter: its label, and how a value of it is said. */
export const FILTERS = {
  kind: ["Kind", kindName],
  visibility: ["Visibility", visibilityName],
  tag: ["Tag"],
  group: ["Group"],
  category: ["Category"],
  model: ["Model"],
  provider: ["Provider"],
  from: ["From"],
  to: ["To"],
  order: ["Order", () => "Oldest first"],
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
  const names = Object.keys(FILTERS).filter((name) => !without.includes(name));
  const chosen = names.filter((name) => query.get(name));
  const id = unique("filters");
  const draw = ({ newState: state }) =>
    state === "open" &&
    loadLate("fillFilterPanel").then(
      (fillPanel) => fillPanel(panel, { path, query, names }),
      (error) => notify(error.message, { isProblem: true }),
    );
  const panel = h("div", { id, class: "menu filters", popover: "auto", onbeforetoggle: draw });
  return [
    h(
      "button",
      { type: "button", class: "button", popovertarget: id },
      icon("filter"),
      chosen.length ? `Filters (${chosen.length})` : "Filters",
    ),
    panel,
    chosen.length > 0 &&
      h(
        "ul",
        { class: "chips", "aria-label": "Filters in use" },
        chosen.map((name) =>
          h(
            "li",
            {},
            h(
              "a",
              {
                class: "chip",
                href: `#${addressWith(path, query, { [name]: "" })}`,
                "aria-label": `Remove the filter ${FILTERS[name][0]}`,
              },
              `${FILTERS[name][0]}: ${said(name, query.get(name))}`,
              icon("close"),
            ),
          ),
        ),
      ),
  ];
}

/** The value of a filter in words. */
export const said = (name, value) => (FILTERS[name][1] ?? String)(value);

/** The address of a screen with other filters. */
export function addressWith(path, query, changes) {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  const text = next.toString();
  return text ? `${path}?${text}` : path;
}
