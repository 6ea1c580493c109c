// A group as a card with its cover, in a grid.
import { h } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { nameOf, sizeOf } from "./names.js";

/** The list item of a group. */
export function coverCard(group) {
  const { cover } = group;
  const picture = h(
    "span",
    { class: "cover", style: { "--color": cover?.placeholder?.color ?? "" } },
    cover ? h("img", { src: cover.thumb_url, alt: "", loading: "lazy", decoding: "async" }) : icon("album"),
  );
  return h(
    "li",
    {},
    h(
      "a",
      { class: "cover-card", href: `#/groups/${encodeURIComponent(group.group)}` },
      picture,
      h("b", {}, nameOf(group)),
      h("span", { class: "fine number" }, sizeOf(group)),
    ),
  );
}
