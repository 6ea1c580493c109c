// All tags with their counts: each leads to its images, can be renamed, and taken away everywhere.
import { listImages } from "../parts/api.js";
import { completed } from "../parts/completion.js";
import { confirm } from "../parts/dialogs.js";
import { h, unique } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { formDialog } from "../parts/form-dialog.js";
import { onDay, plural } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { notify } from "../parts/notices.js";
import { placeList } from "../parts/place-list.js";
import { head, nothing } from "../parts/screen-head.js";
import { suggestTags } from "../parts/suggestions.js";
import { forWholeList } from "../parts/whole-list.js";
import { tagPage, updateMany } from "./tags-api.js";

const TAG_CHARS = 64;
const byName = (one, other) => one.tag.localeCompare(other.tag, undefined, { numeric: true });
const ORDERS = {
  name: { label: "By name", compare: byName },
  size: { label: "Most images", compare: (one, other) => other.images - one.images || byName(one, other) },
  date: {
    label: "Newest first",
    compare: (one, other) => (other.newest_at ?? "").localeCompare(one.newest_at ?? "") || byName(one, other),
  },
};

export function showTags(root, { signal }) {
  const about = h("span");
  const { elements, reload } = placeList({
    name: "tags",
    find: "Find a tag",
    orders: ORDERS,
    readPage: (cursor) => tagPage(cursor, signal),
    textOf: ({ tag }) => tag,
    draw: entry,
    listClass: "tag-list",
    said: (text, number) => {
      about.textContent = number ? `${text} ${number === 1 ? "tag" : "tags"}` : "";
    },
    none: () =>
      nothing("tag", "No tag yet", "Images get tags when they are uploaded, edited, or selected in the gallery."),
    signal,
  });
  root.append(head("Tags", [], about), ...elements);

  function entry(item) {
    const id = unique("tag-menu");
    const menu = h(
      "div",
      { id, class: "menu drop-menu", popover: "auto" },
      action("edit", "Rename", () => rename(item)),
      action("trash", "Remove from all images", () => remove(item)),
    );
    function action(drawn, text, act) {
      const press = () => {
        menu.hidePopover();
        act();
      };
      return h("button", { type: "button", class: "nav-link", onclick: press }, icon(drawn), text);
    }
    return h(
      "li",
      {},
      h(
        "a",
        { href: `#/?tag=${encodeURIComponent(item.tag)}` },
        h("b", {}, item.tag),
        h(
          "span",
          { class: "fine number" },
          plural(item.images, "image"),
          item.newest_at && h("span", { class: "tag-date" }, ` · ${onDay(item.newest_at)}`),
        ),
      ),
      h(
        "button",
        { type: "button", class: "icon-button", popovertarget: id, "aria-label": `More for the tag ${item.tag}` },
        icon("more"),
      ),
      menu,
    );
  }

  async function rename({ tag, images }) {
    const name = await formDialog({
      title: `Rename the tag “${tag}”`,
      fields: field(
        "New name",
        (id) =>
          completed(h("input", { id, name: "tag", value: tag, required: true, maxlength: TAG_CHARS }), {
            suggest: suggestTags,
          }),
        `${plural(images, "image")} will have it instead. If there is a tag of this name, the two become one.`,
      ),
      yes: "Rename",
      act: (sent) => sent.get("tag").trim(),
    });
    if (!name || name === tag) return;
    const changes = { add_tags: [name], remove_tags: [tag] };
    await change(tag, images, `Renaming “${tag}”`, changes, `with “${name}” now`);
  }

  async function remove({ tag, images }) {
    const isSure = await confirm({
      title: `Remove the tag “${tag}”?`,
      text: `It is taken from ${plural(images, "image")}. The images stay.`,
      yes: "Remove",
      isDangerous: true,
    });
    if (isSure) await change(tag, images, `Removing “${tag}”`, { remove_tags: [tag] }, `without “${tag}” now`);
  }

  async function change(tag, images, label, changes, outcome) {
    try {
      await forWholeList({
        readPage: (cursor, ending) => listImages({ tag, limit: 100, cursor }, ending),
        total: images,
        step: (ids) => updateMany(ids, changes),
        label,
        outcome,
      });
    } catch (error) {
      notify(error.message, { isProblem: true });
    }
    if (!signal.aborted) await reload();
  }
}
