// The trash: what can be restored until the store deletes it, each image with its days left.
import { refresh } from "../frame/router.js";
import { densityButtons } from "../gallery/density.js";
import { gallery } from "../gallery/gallery.js";
import { resultCount } from "../gallery/result-count.js";
import { confirm } from "../parts/dialogs.js";
import { h } from "../parts/dom.js";
import { plural } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { notify } from "../parts/notices.js";
import { head, nothing } from "../parts/screen-head.js";
import { forWholeList } from "../parts/whole-list.js";
import { countTrash, removeMany, restoreMany, trashPage } from "./trash-api.js";

const PAGE = 50;

export function showTrash(root, { signal }) {
  const count = resultCount(signal, { ask: () => countTrash(signal) });
  const button = (drawn, text, style, act) =>
    h("button", { type: "button", class: `button ${style}`, onclick: act }, icon(drawn), text);
  const tools = h(
    "div",
    { class: "row", hidden: true },
    button("restore", "Restore all", "", () => act(RESTORE)),
    button("trash", "Empty trash", "is-danger-quiet", () => act(EMPTY)),
  );
  const load = count.counting(({ cursor }) => trashPage({ limit: PAGE, cursor }, signal));
  root.append(
    head(
      "Trash",
      [tools, densityButtons(signal)],
      [count.element, ". Each image says how long it can be restored. Then the store deletes it for good."],
    ),
    gallery({
      label: "Images in the trash",
      signal,
      selects: { isTrash: true },
      load: async (place) => {
        const page = await load(place);
        if (page.items.length) tools.hidden = false;
        return page;
      },
      empty: () => {
        tools.hidden = true;
        return nothing("trash", "The trash is empty", "What you delete stays here for some days.");
      },
    }),
  );

  async function act({ step, question, label, outcome }) {
    try {
      const images = await countTrash(signal);
      if (!(await confirm(question(plural(images, "image"))))) return;
      await forWholeList({
        readPage: (cursor, ending) => trashPage({ limit: 100, cursor }, ending),
        total: images,
        step,
        label,
        outcome,
      });
      if (!signal.aborted) await refresh();
    } catch (error) {
      if (!signal.aborted) notify(error.message, { isProblem: true });
    }
  }
}

const RESTORE = {
  step: restoreMany,
  label: "Restoring images",
  outcome: "restored",
  question: (images) => ({
    title: "Restore everything in the trash?",
    text: `${images} come back, private, and into their groups.`,
    yes: "Restore all",
  }),
};
const EMPTY = {
  step: removeMany,
  label: "Deleting images for good",
  outcome: "deleted for good",
  question: (images) => ({
    title: "Empty the trash?",
    text: `${images} are deleted for good. This cannot be undone.`,
    yes: "Delete for good",
    isDangerous: true,
  }),
};
