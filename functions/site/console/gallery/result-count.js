// How many images a list has: exact as soon as that is known, and until then more than were loaded.
import { h } from "../parts/dom.js";
import { listen } from "../parts/events.js";
import { plural } from "../parts/format.js";

/**
 * `element` says it; `counting(load)` is the `load` of the gallery, and counts; `know(images)` is told what the store
 * itself counts. `ask()` may find that out, and is called once there is more than one page. `accepts(image)` says
 * whether an image that was just added belongs to the list.
 */
export function resultCount(signal, { ask = null, accepts = () => false } = {}) {
  const element = h("span", { class: "result-count" });
  const removed = new Set();
  let exact = null,
    loaded = 0;
  const say = () => {
    element.textContent = exact === null ? `More than ${plural(loaded, "image")}` : plural(exact, "image");
  };
  const know = (images) => {
    exact = Math.max(images, loaded); // What was just stored is not counted yet.
    say();
  };
  const change = (by) => {
    loaded += by;
    if (exact !== null) exact += by;
    say();
  };
  listen("image-removed", ({ id }) => change(removed.add(id) && -1), signal);
  listen("image-added", (image) => (removed.delete(image.id) || accepts(image)) && change(1), signal);
  const counting = (load) => async (place) => {
    const page = await load(place);
    // A month, whose images the store counts, or what a selection reads beside the list.
    if (place.since || place.until || place.isApart) return page;
    loaded += page.items.length;
    if (!page.next_cursor) exact = loaded;
    else if (ask && exact === null && !place.cursor) ask().then(know, () => null);
    say();
    return page;
  };
  return { element, know, counting };
}
