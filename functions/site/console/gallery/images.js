// The screens with galleries of the user's images: all images, search results, a group, similar images, the trash.
import { deleteMany, listImages, searchImages, similarImages } from "../parts/api.js";
import { confirm } from "../parts/dialogs.js";
import { h } from "../parts/dom.js";
import { tell } from "../parts/events.js";
import { filterBar, filtersOf } from "./filters.js";
import { plural } from "../parts/format.js";
import { densityButtons } from "./density.js";
import { gallery } from "./gallery.js";
import { icon } from "../parts/icons.js";
import { loadLate } from "../frame/router.js";
import { notify } from "../parts/notices.js";

const PAGE = 50;
const LATER_PAGE = 100; // once the first pictures are there

export function showImages(root, { query, signal }) {
  const filters = filtersOf(query);
  const isFiltered = Object.keys(filters).length > 0;
  root.append(
    head("Images", [filterBar("/", query), densityButtons(signal)]),
    gallery({
      label: "Your images",
      signal,
      load: ({ cursor, since, until }) => {
        const limit = since || until ? LATER_PAGE : PAGE;
        return listImages({ ...filters, limit, cursor, ...(isFiltered ? {} : { from: since, to: until }) }, signal);
      },
      // Months are counted for all images alone.
      timeline: isFiltered ? null : () => loadLate("timeline"),
      accepts: () => !isFiltered,
      empty: () =>
        isFiltered
          ? nothing("images", "No image fits these filters", "Take one away, or look at all images.")
          : nothing(
              "images",
              "Nothing here yet",
              "Drop pictures anywhere on this page, paste one, or pick files.",
              h("a", { class: "button is-main", href: "#/upload" }, icon("upload"), "Upload images"),
            ),
    }),
  );
}

export function showSearch(root, { query, signal }) {
  const words = (query.get("q") ?? "").trim();
  if (!words) {
    root.append(
      head("Search", []),
      nothing("search", "No words to search for", "Type what you look for into the field at the top."),
    );
    return;
  }
  const leftOut = h("span");
  const load = async ({ cursor }) => {
    const page = await searchImages({ ...filtersOf(query), q: words, limit: PAGE, cursor }, signal);
    leftOut.textContent = page.not_searched?.includes("generation.prompt")
      ? "Prompts are encrypted here, and not searched."
      : "";
    return page;
  };
  root.append(
    head(`“${words}”`, [filterBar("/search", query, { without: ["order"] }), densityButtons(signal)], leftOut),
    gallery({
      label: `Images found for ${words}`,
      signal,
      load,
      empty: () =>
        nothing(
          "search",
          "Nothing found",
          `Search looks at ${leftOut.textContent ? "" : "prompts, "}titles, alt texts, tags and filenames. ` +
            "Try fewer or other words.",
        ),
    }),
  );
}

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
      selects: { group },
      load: ({ cursor }) => listImages({ ...filtersOf(query), group, limit: PAGE, cursor }, signal),
      empty: () =>
        nothing("group", "No image in this group", "Images join a group when they are uploaded or edited."),
    }),
  );
}

export function showSimilar(root, { parameters, signal }) {
  root.append(
    head("Similar images", [], h("a", { href: `#/images/${parameters.id}` }, "Back to the image")),
    gallery({
      label: "Similar images",
      signal,
      byMonth: false,
      load: async () => ({
        items: (await similarImages(parameters.id, signal)).items.map((item) => item.card ?? item),
        next_cursor: null,
      }),
      empty: () => nothing("images", "Nothing looks like it", "No other of your images is nearly the same picture."),
    }),
  );
}

export function showTrash(root, { signal }) {
  root.append(
    head("Trash", densityButtons(signal), "Images here can be restored until the store deletes them for good."),
    gallery({
      label: "Images in the trash",
      signal,
      selects: { isTrash: true },
      load: ({ cursor }) => listImages({ trashed: "true", limit: PAGE, cursor }, signal),
      empty: () => nothing("trash", "The trash is empty", "What you delete stays here for some days."),
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

/** The head of a screen: its name, a line about it, and what can be done. */
function head(title, actions, about = null) {
  return h(
    "header",
    { class: "screen-head" },
    h("div", {}, h("h1", { tabindex: "-1" }, title), about && h("p", { class: "fine" }, about)),
    h("div", { class: "row screen-actions" }, actions),
  );
}

/** What stands where images would be. */
export function nothing(drawn, title, text, action = null) {
  return h("div", { class: "empty" }, icon(drawn), h("h2", {}, title), h("p", {}, text), action);
}
