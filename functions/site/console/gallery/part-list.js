// The parts of a gallery in their order, and which pictures are in them.
import { inMonth } from "../parts/format.js";
import { galleryPart } from "./part.js";
import { showVisibility } from "./tile.js";

/** No part at first; `put` makes them. `byMonth` begins a part with each month. */
export function partList({ byMonth, drawing }) {
  const parts = [];
  const homes = new Map(); // id -> its part, of pictures that are loaded
  const removed = new Map(); // id -> the id it stood before, so that it can come back to its place
  const monthOf = (card) => (byMonth ? inMonth(card.created_at) : "");

  function begin(at, properties) {
    const made = galleryPart({ ...properties, drawing });
    parts.splice(at, 0, made);
    return made;
  }

  /** Put the next cards into an open part; where a month begins, a part begins, and the last one stays open. */
  function put(part, cards, cursor) {
    let open = part;
    for (const card of cards) {
      if (homes.has(card.id)) continue;
      const month = monthOf(card);
      if (open.month === null) open = begin(parts.indexOf(open), { ...open.period(), name: month, month });
      else if (open.month !== month) {
        const between = endOfMonth(card);
        const after = begin(parts.indexOf(open) + 1, { name: month, month, since: open.since, until: between });
        open.since = between;
        close(open);
        open = after;
      }
      add(open, card, open.cards.length);
    }
    if (open !== part) {
      open.query = part.query;
      close(part);
    }
    open.cursor = cursor;
    if (!cursor) close(open);
    return open;
  }

  function close(part) {
    part.isWhole = true;
    part.count = part.cards.length;
    part.cursor = part.query = null;
    part.changed();
    if (!part.count) drop(part);
  }

  function drop(part) {
    part.detach();
    parts.splice(parts.indexOf(part), 1);
  }

  /** Take away all parts; answers their cards, in order, and the elements of those that have one. */
  function clear() {
    const cards = parts.flatMap((part) => part.cards);
    const items = new Map(parts.flatMap((part) => part.give()));
    [...parts].forEach(drop);
    homes.clear();
    return { cards, items };
  }

  function add(part, card, index) {
    homes.set(card.id, part);
    part.cards.splice(index, 0, card);
    part.count = Math.max(part.count, part.cards.length);
    part.changed();
  }

  /** Let go of the cards of a part that can be loaded again. */
  function forget(part) {
    part.cards.forEach((card) => homes.delete(card.id));
    part.forget();
  }

  function placeOf(id) {
    const part = homes.get(id);
    return part ? { part, index: part.cards.findIndex((card) => card.id === id) } : null;
  }

  /** The part in which an image of this time is, if these are periods. */
  const partAt = (time) => parts.find((part) => isWithin(part, time));

  function remove(id) {
    const place = placeOf(id);
    if (!place) return false;
    const { part, index } = place;
    const next = part.cards[index + 1] ?? parts[parts.indexOf(part) + 1]?.cards[0];
    removed.set(id, next?.id ?? null);
    homes.delete(id);
    part.remove(index);
    if (part.isWhole && !part.cards.length) drop(part);
    return true;
  }

  /** Take over what changed of an image: `{id, …}`. */
  function change(changes) {
    const place = placeOf(changes.id);
    if (!place) return;
    const card = Object.assign(place.part.cards[place.index], changes);
    const item = place.part.itemOf(card.id);
    if (item) showVisibility(item, card);
  }

  /** Put an image where it stood, or else where its time is. */
  function insert(card) {
    if (homes.has(card.id)) return;
    const month = monthOf(card);
    const before = placeOf(removed.get(card.id));
    const wasLast = removed.get(card.id) === null;
    removed.delete(card.id);
    let at = before ? parts.indexOf(before.part) : wasLast ? -1 : parts.findIndex((part) => isAfter(part, card));
    if (at < 0) at = parts.length;
    const part = [parts[at], parts[at - 1]].find((one) => one?.month === month && (one.cards.length || one.isWhole));
    const index = !part
      ? -1
      : before?.part === part
        ? before.index
        : part.cards.findIndex((one) => timeOf(one) <= timeOf(card));
    const home = part ?? (parts[at]?.month === month ? parts[at] : null);
    if (part && (index >= 0 || part.isWhole)) add(part, card, index < 0 ? part.cards.length : index);
    else if (home) {
      home.count += 1; // It comes when this place of the part is loaded.
      home.changed();
    } else {
      const [until, since] = [parts[at - 1]?.since ?? null, byMonth ? beginOfMonth(card) : null];
      const made = begin(at, { name: month, month, since, until });
      if (parts[at + 1]) parts[at + 1].until = since;
      add(made, card, 0);
      made.isWhole = true;
    }
  }

  return {
    parts,
    put,
    begin: (properties) => begin(parts.length, properties),
    clear,
    forget,
    placeOf,
    partAt,
    remove,
    change,
    insert,
    wasRemoved: (id) => removed.has(id),
    loaded: () => homes.size,
    total: () => parts.reduce((sum, part) => sum + part.count, 0),
  };
}

export const timeOf = (card) => Date.parse(card.created_at);

/** Whether a part is at or behind the place of a card, where the newest are first. */
function isAfter(part, card) {
  const last = part.cards.at(-1);
  if (part.since !== null) return part.since <= timeOf(card);
  return !last || timeOf(last) <= timeOf(card);
}

/** Whether an instant is in the period of a part. */
export const isWithin = (part, time) =>
  (part.since === null || time >= part.since) && (part.until === null || time < part.until);

const beginOfMonth = (card) => monthsAfter(card, 0);
const endOfMonth = (card) => monthsAfter(card, 1);

function monthsAfter(card, months) {
  const date = new Date(card.created_at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months);
}
