// Publish, unlist or make private what is selected.
import { tell } from "../parts/events.js";
import { plural } from "../parts/format.js";
import { notify } from "../parts/notices.js";
import { act, those } from "./doing.js";
import { byWay, updating } from "./requests.js";

const PART = 25; // images a request: each is copied or removed for the public, which takes a while
const SAID = {
  public: (images) => `${images} public: everybody can see them.`,
  unlisted: (images) => `${images} unlisted: whoever has a link can see them.`,
  private: (images) => `${images} private: only you can see them.`,
};
const DOING = { public: "Publishing", unlisted: "Unlisting", private: "Making private:" };

const are = (number) => `${plural(number, "image")} ${number === 1 ? "is" : "are"} now`;

/** Have all cards seen like this; `value` is public, unlisted or private. */
export async function visibility({ cards, value }) {
  const before = new Map(cards.map((card) => [card.id, card.visibility]));
  const changed = cards.filter((card) => card.visibility !== value);
  if (!changed.length) return notify(`${plural(cards.length, "image")}: nothing to change.`);
  await act({
    cards: changed,
    step: updating({ visibility: value }),
    size: PART,
    doing: DOING[value],
    said: (number) => SAID[value](are(number)),
    took: (ids) => ids.forEach((id) => tell("image-changed", { id, visibility: value })),
    undo: (ids) => takeBack(those(changed, ids), before),
  });
}

function takeBack(cards, before) {
  const ways = Object.keys(SAID).map((visibility) => ({
    changes: { visibility },
    ids: cards.map(({ id }) => id).filter((id) => before.get(id) === visibility),
  }));
  const wasSeen = cards.some(({ id }) => before.get(id) !== "private");
  return act({
    cards,
    step: byWay(ways),
    size: PART,
    doing: "Changing back",
    said: (number) => `${are(number)} as before.${wasSeen ? " The links of what others can see may be new." : ""}`,
    took: (ids) => ids.forEach((id) => tell("image-changed", { id, visibility: before.get(id) })),
  });
}
