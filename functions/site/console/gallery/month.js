// The pictures of one month, or all where months do not matter: only those near the screen are elements.
import { h } from "../parts/dom.js";
import { between, layout } from "./layout.js";
import { ratioOf, tile } from "./tile.js";

/** A part of a gallery; `hrefOf(card)` is where a picture leads to. */
export function month(name, { hrefOf }) {
  const list = h("ul", { class: "grid" });
  const element = h("section", { class: "month" }, name && h("h2", {}, name), list);
  const cards = [];
  const drawn = new Map(); // id -> list item
  let boxes = [];

  /** Compute where everything stands; called when pictures or the width changed. */
  function arrange(space) {
    const arranged = layout(cards.map(ratioOf), space);
    boxes = arranged.boxes;
    list.style.setProperty("height", `${arranged.height}px`);
    cards.forEach((card, index) => drawn.has(card.id) && place(drawn.get(card.id), boxes[index]));
  }

  /** Make elements for what is between two heights of the window; remove the others, but not what has the focus. */
  function draw(above, below, { isFast }) {
    const { top } = list.getBoundingClientRect();
    const [from, to] = between(boxes, above - top, below - top);
    const wanted = new Set(cards.slice(from, to).map((card) => card.id));
    for (const [id, item] of drawn) if (!wanted.has(id) && !item.contains(document.activeElement)) forget(id, item);
    let next = list.firstChild;
    for (let index = from; index < to; index += 1) {
      const card = cards[index];
      const item = drawn.get(card.id) ?? made(card, index, isFast);
      if (item === next) next = next.nextSibling;
      else list.insertBefore(item, next);
    }
  }

  function made(card, index, isFast) {
    const item = tile(card, { href: hrefOf(card), isFast });
    place(item, boxes[index]);
    item.setAttribute("aria-posinset", index + 1);
    item.setAttribute("aria-setsize", cards.length);
    drawn.set(card.id, item);
    return item;
  }

  function forget(id, item) {
    drawn.delete(id);
    item.remove();
  }

  function remove(index) {
    const [card] = cards.splice(index, 1);
    if (drawn.has(card.id)) forget(card.id, drawn.get(card.id));
  }

  return {
    name,
    element,
    cards,
    arrange,
    draw,
    remove,
    boxOf: (index) => boxes[index],
    boxes: () => boxes,
    itemOf: (id) => drawn.get(id),
    top: () => list.getBoundingClientRect().top,
  };
}

function place(item, box) {
  for (const [name, value] of Object.entries(box)) item.style.setProperty(name, `${value.toFixed(2)}px`);
}
