// The groups of an image, by their titles where they have some.
import { call } from "../parts/api.js";
import { h } from "../parts/dom.js";
import { listen } from "../parts/events.js";

const MOST_TITLES = 10; // requests for one image

const titles = new Map(); // group -> a promise of its title, or null

listen("screen", () => titles.clear()); // Another screen may give it another title.

/** A list of links; each says its id until its title is known. */
export function groupChips(groups, signal) {
  return h(
    "ul",
    { class: "chips" },
    groups.map((group, index) => {
      const link = h("a", { class: "chip", href: `#/groups/${encodeURIComponent(group)}` }, group);
      if (index < MOST_TITLES) name(link, group, signal);
      return h("li", {}, link);
    }),
  );
}

async function name(link, group, signal) {
  if (!titles.has(group)) titles.set(group, titleOf(group));
  const title = await titles.get(group);
  if (!title || signal.aborted) return;
  link.textContent = title;
  link.title = group;
}

/** Null where it has none, or where titles cannot be read. */
async function titleOf(group) {
  try {
    const path = `/v1/groups/${encodeURIComponent(group.replaceAll("?", "%3F"))}`;
    const { data } = await call("GET", path, { isBackground: true });
    return data.title;
  } catch {
    titles.delete(group); // It is asked for again with the next image.
    return null;
  }
}
