// A part of a gallery: the pictures of a month, or of some days of it. Only those near the screen are elements.
import { h } from "../parts/dom.js";
import { between, layout } from "./layout.js";
import { ratioOf, tile } from "./tile.js";

export const HEADING = 54; // pixels of a heading with its margins, as gallery.css has it

const USUAL_RATIO = 1.35; // of pictures that are not loaded yet

/**
 * A part has `count` pictures, as far as is known; `cards` are those that are loaded, from the first on. It is
 * `isWhole` when no more can be loaded. Its images were made between `since` and `until`, in milliseconds.
 */
export function galleryPart({ name, month, count = 0, since = null, until = null, drawing }) {
  const heading = name && h("h2", {}, name);
  const list = h("ul", { class: "grid" });
  const element = h("section", { class: "month" }, heading, list);
  const above = name ? HEADING : 0;
  const drawn = new Map(); // id -> list item
  const part = {
    name,
    month,
    count,
    since,
    until,
    element,
    cards: [],
    cursor: null,
    query: null, // the period of its requests: of the part, or of what is missing; null for the whole list
    isWhole: false,
    loading: null, // the promise of the next page
    top: 0,
    height: 0,
    arrange,
    draw,
    detach,
    remove,
    forget,
    give,
    take,
    changed: () => (space = null),
    period: () => ({ since: part.since, until: part.until }),
    boxOf: (index) => ({ ...boxes[index], top: above + boxes[index].top }),
    boxes: () => boxes.slice(0, part.cards.length), // of those that are loaded
    itemOf: (id) => drawn.get(id),
    hasFocus: () => element.contains(document.activeElement),
    indexAt,
    loadedHeight: () => above + (part.isWhole ? filled : (boxes[part.cards.length]?.top ?? filled)),
  };
  let boxes = [],
    ratios = [], // those of pictures that were forgotten
    filled = 0, // the height of all boxes
    space = null;

  /** Compute where everything stands, when pictures or the space changed; guesses where those will that are missing. */
  function arrange(next) {
    if (space === next) return;
    space = next;
    const loaded = part.cards.map(ratioOf);
    const arranged = layout(part.isWhole ? loaded : [...loaded, ...ratios.slice(loaded.length)], space);
    boxes = arranged.boxes;
    filled = arranged.height;
    const missing = part.isWhole ? 0 : Math.max(0, part.count - boxes.length);
    const inRow = Math.max(1, (space.width + space.gap) / (USUAL_RATIO * space.height + space.gap));
    const guessed = Math.ceil(missing / inRow) * (space.height + space.gap);
    part.height = above + filled + guessed + space.gap;
    list.style.setProperty("height", `${filled + guessed}px`);
    list.style.setProperty("--loaded", `${part.loadedHeight() - above}px`);
    list.classList.toggle("is-partly", guessed > 0 || boxes.length > part.cards.length);
    part.cards.forEach((card, index) => drawn.has(card.id) && place(drawn.get(card.id), boxes[index]));
  }

  /** Make elements for what is between two heights of the part; remove the others, but not what has the focus. */
  function draw(from, to, { isFast }) {
    const range = between(boxes, from - above, to - above).map((index) => Math.min(index, part.cards.length));
    const wanted = new Set(part.cards.slice(...range).map((card) => card.id));
    for (const [id, item] of drawn) if (!wanted.has(id) && !item.contains(document.activeElement)) drop(id);
    let next = list.firstChild;
    for (let index = range[0]; index < range[1]; index += 1) {
      const card = part.cards[index];
      const item = drawn.get(card.id) ?? made(card, isFast);
      place(item, boxes[index]);
      item.setAttribute("aria-posinset", index + 1);
      item.setAttribute("aria-setsize", Math.max(part.count, part.cards.length));
      if (item === next) next = next.nextSibling;
      else list.insertBefore(item, next);
    }
  }

  function made(card, isFast) {
    const item = tile(card, { href: drawing.hrefOf(card), isFast });
    drawn.set(card.id, item);
    drawing.made?.(item, card);
    return item;
  }

  function drop(id) {
    drawn.get(id)?.remove();
    drawn.delete(id);
  }

  function detach() {
    element.remove();
    [...drawn.keys()].forEach(drop);
  }

  function remove(index) {
    const [card] = part.cards.splice(index, 1);
    part.count = Math.max(part.cards.length, part.count - 1);
    drop(card.id);
    space = null;
  }

  /** The elements, for the part that the pictures go into; this one has none afterwards. */
  function give() {
    const items = [...drawn];
    drawn.clear();
    return items;
  }

  function take(items) {
    for (const { id } of part.cards) if (items.has(id)) drawn.set(id, items.get(id));
  }

  /** Let go of the cards, but not of where they stand; they are loaded again when they are near the screen. */
  function forget() {
    ratios = Float32Array.from(part.cards, ratioOf);
    part.cards = [];
    part.cursor = null;
    part.query = part.period();
    part.isWhole = false;
    space = null;
  }

  /** The picture at a height of the part and a distance from the left, or the nearest one in its row; -1 if none is. */
  function indexAt(height, left) {
    const shown = part.boxes();
    if (!shown.length) return -1;
    const [from] = between(shown, height - above, Infinity);
    let best = Math.min(from, shown.length - 1);
    const distance = (index) => Math.abs(shown[index].left + shown[index].width / 2 - left);
    for (let index = best; shown[index]?.top === shown[best].top; index += 1)
      if (distance(index) < distance(best)) best = index;
    return best;
  }

  return part;
}

const shownBoxes = new WeakMap(); // item -> the box it was placed into

function place(item, box) {
  if (shownBoxes.get(item) === box) return;
  shownBoxes.set(item, box);
  for (const [name, value] of Object.entries(box)) item.style.setProperty(name, `${value.toFixed(2)}px`);
}
