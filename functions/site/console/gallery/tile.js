// One image in a grid: its colours first, its thumbnail when it stands still, its whole picture once it is looked at.
import { paintBlurhash } from "./blurhash.js";
import { h } from "../parts/dom.js";
import { kindName, plural, visibilityName } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { whenLookedAt } from "./whole-pictures.js";

const NARROWEST = 0.5;
const WIDEST = 3;
const DAY = 86_400_000; // ms
const STANDS_STILL = 120; // ms after which a tile that flew by is worth loading

/** Width to height, within what a grid can show. */
export const ratioOf = (card) => Math.min(WIDEST, Math.max(NARROWEST, card.width / card.height || 1));

/** What an image is called where it is not seen. */
export const nameOf = (card) =>
  card.alt_text || card.filename || `${kindName(card.kind)} without a description`;

/** The list item of a card; while one scrolls fast (`isFast`) nothing is loaded for it yet. */
export function tile(card, { href, isFast = false }) {
  const blur = h("canvas", { "aria-hidden": "true" });
  const picture = h("img", { alt: nameOf(card), loading: "lazy", decoding: "async", draggable: "false" });
  const frame = h("a", { href, style: { "--color": card.placeholder?.color ?? "" } }, blur, picture);
  const item = h("li", { class: "tile", dataset: { id: card.id } }, frame);
  showVisibility(item, card);
  picture.addEventListener(
    "load",
    () => {
      item.classList.add("is-loaded");
      blur.remove();
    },
    { once: true },
  );
  picture.addEventListener("error", () => item.classList.add("is-broken"), { once: true });
  const begin = () => {
    if (card.thumb_url) picture.src = card.thumb_url;
    if (!picture.complete) paintBlurhash(blur, card.placeholder?.blurhash ?? "");
    whenLookedAt(item, picture, card);
  };
  if (isFast) setTimeout(() => item.isConnected && begin(), STANDS_STILL);
  else begin();
  if (card.restorable_until) frame.append(h("span", { class: "tile-note" }, timeLeft(card.restorable_until)));
  return item;
}

/** "7 days left" for an image in the trash. */
function timeLeft(until) {
  const days = Math.ceil((Date.parse(until) - Date.now()) / DAY);
  return days < 2 ? "Last day" : `${plural(days, "day")} left`;
}

/** A badge on the item of a card that others can see. */
export function showVisibility(item, { visibility }) {
  item.querySelector(".badge")?.remove();
  if (!visibility || visibility === "private") return;
  item.firstChild.append(
    h(
      "span",
      { class: "badge" },
      icon(visibility === "public" ? "feed" : "link"),
      h("span", { class: "unseen" }, visibilityName(visibility)),
    ),
  );
}
