// The screens with galleries of the user's images that a first visit may begin with: all images, search results,
// similar images.
import { listImages, searchImages, similarImages } from "../parts/api.js";
import { h } from "../parts/dom.js";
import { filterBar, filtersOf } from "./filters.js";
import { densityButtons } from "./density.js";
import { gallery } from "./gallery.js";
import { resultCount } from "./result-count.js";
import { icon } from "../parts/icons.js";
import { head, nothing } from "../parts/screen-head.js";
import { loadLate } from "../frame/router.js";

const PAGE = 50;
const LATER_PAGE = 100; // once the first pictures are there

export function showImages(root, { query, signal }) {
  const filters = filtersOf(query);
  const isFiltered = Object.keys(filters).length > 0;
  const count = resultCount(signal, {
    accepts: () => !isFiltered,
    ask: isFiltered && (() => loadLate("countImages").then((countImages) => countImages(filters, signal))),
  });
  const load = ({ cursor, since, until }) => {
    const limit = since || until ? LATER_PAGE : PAGE;
    return listImages({ ...filters, limit, cursor, ...(isFiltered ? {} : { from: since, to: until }) }, signal);
  };
  root.append(
    head("Images", [filterBar("/", query), densityButtons(signal)], count.element),
    gallery({
      label: "Your images",
      signal,
      load: count.counting(load),
      // Months are counted for all images alone.
      timeline: isFiltered ? null : () => loadLate("timeline").then((timeline) => counted(timeline, count)),
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
  const count = resultCount(signal);
  const load = async ({ cursor }) => {
    const page = await searchImages({ ...filtersOf(query), q: words, limit: PAGE, cursor }, signal);
    leftOut.textContent = page.not_searched?.includes("generation.prompt")
      ? "Prompts are encrypted here, and not searched."
      : "";
    return page;
  };
  root.append(
    head(`“${words}”`, [filterBar("/search", query, { without: ["order"] }), densityButtons(signal)], [
      count.element,
      " ",
      leftOut,
    ]),
    gallery({
      label: `Images found for ${words}`,
      signal,
      load: count.counting(load),
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

/** The module of the timeline; the count is that of its months. */
const counted = (timeline, count) => ({
  ...timeline,
  readMonths: async (signal) => {
    const months = await timeline.readMonths(signal);
    count.know(months.reduce((sum, { images }) => sum + images, 0));
    return months;
  },
});
