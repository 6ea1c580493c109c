// The cards of a list that a selection needs: of a range or of all, loaded where the gallery does not have them.
import { each } from "../parts/each.js";
import { MOST } from "./chosen.js";

/** There is more than can be selected at once. */
export class TooMany extends Error {}

/**
 * What reads the cards of a gallery. `page({cursor, since, until})` answers a page of its list. Nothing that is loaded
 * here goes into the gallery. `told(number)` says how many are there so far; the signal ends it.
 */
export function reading({ known, page, isTimeline, told, signal }) {
  let count = 0;

  /** The cards from one image to another, both included, in the order of the list; TooMany if they are too many. */
  async function between(one, other) {
    const places = [known.placeOf(one), known.placeOf(other)];
    if (!isTimeline() || (places[0] && places[0].part === places[1]?.part)) return loadedBetween(one, other);
    const [newer, older] = one > other ? [one, other] : [other, one]; // Ids begin with their time.
    const { parts } = known;
    const ends = [newer, older].map((id) => parts.indexOf(known.placeOf(id)?.part ?? known.partAt(timeOf(id))));
    const those = parts.slice(ends[0], ends[1] + 1);
    const inside = those.slice(1, -1).reduce((sum, part) => sum + part.count, 0);
    if (inside >= MOST) throw new TooMany();
    const lists = await each(those, (part) => whole(part, part === those.at(-1) ? older : null));
    const found = lists.flat().filter(({ id }) => id <= newer && id >= older);
    if (found.length > MOST) throw new TooMany();
    return found;
  }

  function loadedBetween(one, other) {
    const all = known.parts.flatMap((part) => part.cards);
    const [from, to] = [one, other].map((id) => all.findIndex((card) => card.id === id)).sort((a, b) => a - b);
    return from < 0 ? all.slice(to, to + 1) : all.slice(from, to + 1);
  }

  /** All cards of the list, at most MOST, and whether there are more. */
  async function all() {
    await known.parts[0]?.loading;
    return isTimeline() ? allOfParts() : allOfPages();
  }

  async function allOfParts() {
    let sum = 0;
    const those = known.parts.filter((part) => (sum += part.count) - part.count < MOST);
    const cards = (await each(those, (part) => whole(part))).flat();
    return { cards: cards.slice(0, MOST), hasMore: cards.length > MOST || those.length < known.parts.length };
  }

  async function allOfPages() {
    const cards = known.parts.flatMap((part) => part.cards);
    const open = known.parts.at(-1);
    const rest = open && !open.isWhole ? await pages({ cursor: open.cursor }, MOST - cards.length) : { items: [] };
    return { cards: [...cards, ...rest.items].slice(0, MOST), hasMore: Boolean(rest.cursor) };
  }

  /** The cards of a part; those up to `last` are enough, if the gallery has them. */
  async function whole(part, last = null) {
    if (part.isWhole || (last && known.placeOf(last)?.part === part)) return [...part.cards];
    return (await pages({ cursor: null, ...part.period() }, MOST)).items;
  }

  async function pages(period, most) {
    const items = [];
    let { cursor } = period;
    do {
      const answer = await page({ ...period, cursor });
      signal.throwIfAborted();
      items.push(...answer.items);
      cursor = answer.next_cursor;
      told((count += answer.items.length));
    } while (cursor && items.length < most);
    return { items, cursor };
  }

  return { between, all };
}

/** When an image was made: ids begin with that instant. */
const timeOf = (id) => parseInt(id.replace("-", "").slice(0, 12), 16);
