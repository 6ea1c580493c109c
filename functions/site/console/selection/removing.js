// The trash: into it, out of it, and for good.
import { confirm } from "../parts/dialogs.js";
import { tell } from "../parts/events.js";
import { plural } from "../parts/format.js";
import { act, those } from "./doing.js";
import { deletingForGood, restoring, trashing } from "./requests.js";

const gone = (ids) => ids.forEach((id) => tell("image-removed", { id }));

/** Cards come back to their place in the list they were taken from; what was public is private after the trash. */
const back = (cards) => (ids) =>
  those(cards, ids).forEach((card) => tell("image-added", { ...card, visibility: "private" }));

export const trash = ({ cards }) =>
  act({
    cards,
    step: trashing,
    doing: "Moving to the trash:",
    said: (number) => `${plural(number, "image")} moved to the trash.`,
    took: gone,
    undo: (ids) =>
      act({
        cards: those(cards, ids),
        step: restoring,
        doing: "Restoring",
        said: (number) =>
          cards.some(({ visibility }) => visibility !== "private")
            ? `${plural(number, "image")} restored. What was public is private now: its old links stay dead.`
            : `${plural(number, "image")} restored.`,
        took: back(cards),
      }),
  });

export const restore = ({ cards }) =>
  act({
    cards,
    step: restoring,
    doing: "Restoring",
    said: (number) => `${plural(number, "image")} restored, as private.`,
    took: gone,
    undo: (ids) =>
      act({
        cards: those(cards, ids),
        step: trashing,
        doing: "Moving to the trash:",
        said: (number) => `${plural(number, "image")} moved to the trash again.`,
        took: back(cards),
      }),
  });

export async function remove({ cards }) {
  const images = plural(cards.length, "image");
  const isSure = await confirm({
    title: `Delete ${images} for good?`,
    text: "The files and everything known of them are deleted. Nobody can bring them back.",
    yes: "Delete for good",
    isDangerous: true,
  });
  if (!isSure) return;
  await act({
    cards,
    step: deletingForGood,
    doing: "Deleting",
    said: (number) => `${plural(number, "image")} deleted for good.`,
    took: gone,
  });
}
