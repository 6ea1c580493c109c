// All albums, with their covers.
import { h } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { placeList } from "../parts/place-list.js";
import { head, nothing } from "../parts/screen-head.js";
import { coverCard } from "./covers.js";
import { newAlbum } from "./group-menu.js";
import { groupPage } from "./groups-api.js";
import { nameOf } from "./names.js";

const byName = (one, other) => nameOf(one).localeCompare(nameOf(other), undefined, { numeric: true });
const ORDERS = {
  date: {
    label: "Newest first",
    // An album without images was just made, most likely: it stands first.
    compare: (one, other) => (other.newest_at ?? "9").localeCompare(one.newest_at ?? "9") || byName(one, other),
  },
  name: { label: "By name", compare: byName },
  size: { label: "Most images", compare: (one, other) => other.images - one.images || byName(one, other) },
};

export function showAlbums(root, { signal }) {
  const about = h("span");
  const create = () =>
    h("button", { type: "button", class: "button is-main", onclick: newAlbum }, icon("plus"), "New album");
  const { elements } = placeList({
    name: "albums",
    find: "Find an album",
    orders: ORDERS,
    readPage: (cursor) => groupPage({ type: "album", cursor }, signal),
    textOf: (group) => `${nameOf(group)} ${group.group}`,
    draw: coverCard,
    listClass: "covers",
    said: (text, number) => {
      about.textContent = number ? `${text} ${number === 1 ? "album" : "albums"}` : "";
    },
    none: () =>
      nothing("album", "No album yet", "An album is a place for pictures that belong together.", create()),
    signal,
  });
  root.append(
    head(
      "Albums",
      [h("a", { class: "button", href: "#/groups" }, "Other groups"), create()],
      about,
    ),
    ...elements,
  );
}
