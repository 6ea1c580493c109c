// Which images are selected: their cards, apart from any element. It knows nothing of the screen.

/** The most that can be selected at once. */
export const MOST = 10_000;

/** An empty selection; `changed()` is called after each change. */
export function chosenImages(changed) {
  const cards = new Map(); // id -> card
  let anchor = null; // the id from which a range begins
  let ranged = []; // the ids that the last range added

  /** Select an image that is not, or the other way round; the next range begins here. */
  function toggle(card) {
    if (!cards.delete(card.id)) {
      if (cards.size >= MOST) return false;
      cards.set(card.id, card);
    }
    begin(card.id);
    changed();
    return true;
  }

  function begin(id) {
    anchor = id;
    ranged = [];
  }

  /** Have these as the range from the anchor, in place of the one before; answers whether all have room. */
  function range(some) {
    const own = new Set(some.map(({ id }) => id));
    for (const id of ranged) if (!own.has(id)) cards.delete(id);
    ranged = ranged.filter((id) => own.has(id));
    const isRoomy = add(some, ranged);
    changed();
    return isRoomy;
  }

  function add(some, added) {
    for (const card of some) {
      if (cards.has(card.id)) continue;
      if (cards.size >= MOST) return false;
      cards.set(card.id, card);
      added.push(card.id);
    }
    return true;
  }

  function remove(ids) {
    const before = cards.size;
    for (const id of ids) cards.delete(id);
    if (ids.includes(anchor)) begin(null);
    if (cards.size !== before) changed();
  }

  function clear() {
    cards.clear();
    begin(null);
    changed();
  }

  return {
    toggle,
    range,
    remove,
    clear,
    begin,
    /** Add these; answers whether all have room. */
    add: (some) => {
      const isRoomy = add(some, []);
      changed();
      return isRoomy;
    },
    has: (id) => cards.has(id),
    cards: () => [...cards.values()],
    update: (changes) => cards.has(changes.id) && Object.assign(cards.get(changes.id), changes),
    get size() {
      return cards.size;
    },
    get anchor() {
      return anchor;
    },
  };
}
