// The images of one group: an album, a conversation, a session.
import { loadLate, refresh } from "../frame/router.js";
import { densityButtons } from "../gallery/density.js";
import { filterBar, filtersOf } from "../gallery/filters.js";
import { gallery } from "../gallery/gallery.js";
import { resultCount } from "../gallery/result-count.js";
import { pickImages } from "../generation/image-picker.js";
import { listImages } from "../parts/api.js";
import { fill, h } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { notify } from "../parts/notices.js";
import { head, nothing } from "../parts/screen-head.js";
import { addToGroup } from "./adding.js";
import { groupMenu } from "./group-menu.js";
import { readGroup } from "./groups-api.js";
import { nameOf, partsOf, typeName } from "./names.js";

const PAGE = 50;
const MOST_AT_ONCE = 100; // images that are added in one go

export function showGroup(root, { parameters, query, signal }) {
  const name = parameters.name;
  const { type, id } = partsOf(name);
  const isAlbum = type === "album";
  const path = `/groups/${encodeURIComponent(name)}`;
  const filters = filtersOf(query);
  const isFiltered = Object.keys(filters).some((filter) => filter !== "order");
  const accepts = (image) => !isFiltered && Boolean(image.groups?.[type]?.includes(id));
  const count = resultCount(signal, { accepts });
  const tools = h("div", { class: "row is-flowing" });
  const screenHead = head(
    nameOf({ group: name }),
    [filterBar(path, query, { without: ["group"] }), tools, densityButtons(signal)],
    [
      h("a", { href: isAlbum ? "#/albums" : "#/groups" }, isAlbum ? "Albums" : `Groups · ${typeName(type)}`),
      " · ",
      count.element,
    ],
  );
  let group = { group: name, title: null, images: 0, cover: null };
  root.append(
    screenHead,
    gallery({
      label: `Images of ${name}`,
      signal,
      selects: { group: name },
      accepts,
      load: count.counting(({ cursor }) => listImages({ ...filters, group: name, limit: PAGE, cursor }, signal)),
      empty: () =>
        isFiltered
          ? nothing("images", "No image fits these filters", "Take one away, or look at all images of the group.")
          : nothing(
              "group",
              `No image in this ${isAlbum ? "album" : "group"}`,
              "Add pictures here, or select images anywhere and add them.",
              addPictures("button is-main"),
            ),
    }),
  );
  readGroup(name, signal).then(show, (error) => {
    // A group that has no row of its own yet is shown all the same; other problems are those of its images too.
    if (!signal.aborted && error.status === 404) show(group);
  });

  function show(now) {
    group = now;
    const title = nameOf(group);
    screenHead.querySelector("h1").textContent = title;
    document.title = `${title} · Image store`;
    if (!isFiltered && group.images) count.know(group.images);
    if (tools.children.length) return;
    fill(
      tools,
      addPictures("button"),
      h("button", { type: "button", class: "button", onclick: share }, icon("link"), "Share"),
      groupMenu(type, {
        read: () => readGroup(name, signal).catch(() => group), // Images may have come or gone meanwhile.
        changed: show,
        upload,
      }),
    );
  }

  function addPictures(style) {
    return h("button", { type: "button", class: style, onclick: add }, icon("plus"), "Add pictures");
  }

  async function add() {
    const cards = await pickImages({ chosen: [], most: MOST_AT_ONCE, title: `Add to “${nameOf(group)}”` });
    if (!cards?.length) return;
    const names = new Map(cards.map((card) => [card.id, card.filename]));
    await addToGroup([...names.keys()], name, names);
    if (!signal.aborted) await refresh();
  }

  /** Files that are picked join the group, as those that are dropped here do. */
  function upload() {
    const pick = h("input", { type: "file", accept: "image/*", multiple: true });
    pick.addEventListener("change", async () => {
      try {
        const takeFiles = await loadLate("takeFiles");
        takeFiles([...pick.files], { groups: [name] });
      } catch (error) {
        notify(error.message, { isProblem: true });
      }
    });
    pick.click();
  }

  async function share() {
    try {
      const openShareDialog = await loadLate("openShareDialog");
      openShareDialog({ group: name, title: nameOf(group) });
    } catch (error) {
      notify(error.message, { isProblem: true });
    }
  }
}
