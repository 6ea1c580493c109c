// What can be done with a whole group: rename it, choose its cover, end it.
import { go } from "../frame/router.js";
import { formDialog } from "../parts/form-dialog.js";
import { h, unique } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { plural } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { notify } from "../parts/notices.js";
import { showProgress } from "../parts/progress.js";
import { chooseCover } from "./cover.js";
import { changeGroup, createAlbum, endGroup } from "./groups-api.js";
import { nameOf, partsOf, typeName } from "./names.js";

const TITLE_CHARS = 200;

const titleField = (value) =>
  field("Title", (id) =>
    h("input", { id, name: "title", value, required: true, maxlength: TITLE_CHARS, autocomplete: "off" }),
  );

/** Ask for a title and create an album; leads to it. */
export async function newAlbum() {
  const made = await formDialog({
    title: "New album",
    fields: titleField(""),
    yes: "Create album",
    act: (sent) => createAlbum(sent.get("title").trim()),
  });
  if (made) go(`/groups/${encodeURIComponent(made.group)}`);
}

/**
 * A button with a menu for a group of this type; `read()` answers the group as it is now, `changed(group)` hears how it
 * is afterwards, and `upload()` picks files for it.
 */
export function groupMenu(type, { read, changed, upload }) {
  const id = unique("group-menu");
  const what = typeName(type).toLowerCase();
  const withGroup = (act) => async () => act(await read());
  const entry = (drawn, text, act) =>
    h(
      "button",
      {
        type: "button",
        class: "nav-link",
        onclick: () => {
          menu.hidePopover();
          act();
        },
      },
      icon(drawn),
      text,
    );
  const menu = h(
    "div",
    { id, class: "menu drop-menu", popover: "auto" },
    entry("upload", "Upload pictures", upload),
    entry("edit", "Rename", withGroup((group) => rename(group, changed))),
    entry("images", "Choose cover", withGroup((group) => chooseCover(group, changed))),
    entry("trash", `Delete ${what}`, withGroup((group) => end(group, what))),
  );
  return [
    h(
      "button",
      { type: "button", class: "icon-button", popovertarget: id, "aria-label": `More for this ${what}`, title: "More" },
      icon("more"),
    ),
    menu,
  ];
}

async function rename(group, changed) {
  const renamed = await formDialog({
    title: `Rename “${nameOf(group)}”`,
    fields: titleField(nameOf(group)),
    yes: "Rename",
    act: (sent) => changeGroup(group.group, { title: sent.get("title").trim() }),
  });
  if (renamed) changed(renamed);
}

async function end(group, what) {
  const number = plural(group.images, "image");
  const choice = (value, title, text, checked) => {
    const id = unique("end");
    return h(
      "div",
      { class: "check" },
      h("input", { id, type: "radio", name: "images", value, checked, "aria-describedby": `${id}-text` }),
      h("div", {}, h("label", { for: id }, title), h("p", { class: "fine", id: `${id}-text` }, text)),
    );
  };
  const chosen = await formDialog({
    title: `Delete “${nameOf(group)}”?`,
    fields: h(
      "fieldset",
      { class: "stack" },
      h("legend", {}, `Its ${number}`),
      choice("keep", "Keep the images", `Only the ${what} goes.`, true),
      choice("trash", "Move the images to the trash", "They can be restored from there.", false),
    ),
    yes: `Delete ${what}`,
    isDangerous: true,
    act: (sent) => sent.get("images"),
  });
  if (!chosen) return;
  const ending = new AbortController();
  const stop = () => ending.abort();
  const progress = showProgress({ label: `Deleting “${nameOf(group)}”`, total: Math.max(1, group.images), stop });
  let cursor = null,
    images = 0,
    failed = 0;
  try {
    do {
      const answer = await endGroup(group.group, chosen, cursor);
      images += answer.images;
      failed += answer.failed.length;
      cursor = answer.next_cursor;
      progress.show(images);
    } while (cursor && !ending.signal.aborted);
    const moved = chosen === "trash" ? ` ${plural(images, "image")} moved to the trash.` : "";
    const name = `“${nameOf(group)}”`;
    if (failed) notify(`${name} stays with ${plural(failed, "image")} that could not be changed.`, { isProblem: true });
    else notify(cursor ? `Stopped: ${name} is not deleted yet.${moved}` : `${name} is deleted.${moved}`);
    if (!cursor && !failed) go(partsOf(group.group).type === "album" ? "/albums" : "/groups");
  } catch (error) {
    notify(`${error.message} “${nameOf(group)}” is not deleted yet: delete it again.`, { isProblem: true });
  } finally {
    progress.end();
  }
}
