// The images of one group: an album, a conversation, a session.
import { densityButtons } from "../gallery/density.js";
import { filterBar, filtersOf } from "../gallery/filters.js";
import { gallery } from "../gallery/gallery.js";
import { deleteMany, listImages } from "../parts/api.js";
import { confirm } from "../parts/dialogs.js";
import { h } from "../parts/dom.js";
import { tell } from "../parts/events.js";
import { plural } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { notify } from "../parts/notices.js";
import { head, nothing } from "../parts/screen-head.js";

const PAGE = 50;

export function showGroup(root, { parameters, query, signal }) {
  const group = parameters.name;
  const [type, ...rest] = group.split(":");
  const remove = h(
    "button",
    { type: "button", class: "button is-danger-quiet", onclick: () => trashGroup(group) },
    icon("trash"),
    "Move all to trash",
  );
  root.append(
    head(
      rest.join(":"),
      [
        filterBar(`/groups/${encodeURIComponent(group)}`, query, { without: ["group"] }),
        remove,
        densityButtons(signal),
      ],
      `Group · ${type}`,
    ),
    gallery({
      label: `Images of ${group}`,
      signal,
      load: ({ cursor }) => listImages({ ...filtersOf(query), group, limit: PAGE, cursor }, signal),
      empty: () =>
        nothing("group", "No image in this group", "Images join a group when they are uploaded or edited."),
    }),
  );
}

async function trashGroup(group) {
  const isSure = await confirm({
    title: "Move the whole group to the trash?",
    text: `All images of ${group} go to the trash. They can be restored from there one by one.`,
    yes: "Move to trash",
    isDangerous: true,
  });
  if (!isSure) return;
  let cursor = null,
    removed = 0,
    failed = 0;
  try {
    do {
      const answer = await deleteMany({ group, ...(cursor ? { cursor } : {}) });
      answer.successful.forEach((id) => tell("image-removed", { id }));
      removed += answer.successful.length;
      failed += answer.failed.length;
      cursor = answer.next_cursor;
    } while (cursor);
    notify(
      failed
        ? `${plural(removed, "image")} moved to the trash, ${failed} could not be.`
        : `${plural(removed, "image")} moved to the trash.`,
      { isProblem: failed > 0 },
    );
  } catch (error) {
    notify(error.message, { isProblem: true });
  }
}
