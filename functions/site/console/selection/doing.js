// How an action on selected images runs and ends: with progress, a message, a way back, and what failed in words.
import { nameOf } from "../gallery/tile.js";
import { runBatch } from "../parts/batches.js";
import { tellFailures } from "../parts/failures.js";
import { plural } from "../parts/format.js";
import { notify } from "../parts/notices.js";

/**
 * Do `step` to the cards. `doing` is what the progress says ("Publishing"), and `said(n)` the message for n images.
 * `took(ids)` is told which ones it was done to, and `undo(ids)` takes it back if it is given. It goes on when the
 * screen is left.
 */
export async function act({ cards, step, doing, said, took = () => {}, undo = null, size }) {
  const byId = new Map(cards.map((card) => [card.id, card]));
  const label = `${doing} ${plural(cards.length, "image")}`;
  const { done, failed } = await runBatch({ ids: [...byId.keys()], step, label, size });
  if (done.length) {
    took(done);
    notify(said(done.length), { action: undo && ["Undo", () => undo(done)] });
  }
  if (failed.length)
    tellFailures({
      title: `${plural(failed.length, "image")} of ${cards.length} could not be changed`,
      failed,
      nameOf: (id) => nameOf(byId.get(id)),
      retry: (ids) =>
        act({ cards: ids.map((id) => byId.get(id)), step, doing, said, took, undo, size }),
    });
  return done;
}

/** The cards of these ids. */
export const those = (cards, ids) => {
  const wanted = new Set(ids);
  return cards.filter(({ id }) => wanted.has(id));
};
