// All groups that are no albums, by their types: conversations, sessions.
import { fill, h } from "../parts/dom.js";
import { problemBox } from "../parts/problem-box.js";
import { head, nothing } from "../parts/screen-head.js";
import { coverCard } from "./covers.js";
import { groupPage } from "./groups-api.js";
import { partsOf, typeName } from "./names.js";

const EMPTY_PAGES = 20; // of albums alone, which are left out

export async function showGroups(root, { signal }) {
  const sections = new Map();
  const content = h("div", { class: "stack" });
  const end = h("div", { class: "row" }, "Loading …");
  root.append(
    head(
      "Groups",
      h("a", { class: "button", href: "#/albums" }, "Albums"),
      "What belongs together by the attributes that programs gave: a conversation, a session.",
    ),
    content,
    end,
  );
  await load(null);

  async function load(from) {
    try {
      let cursor = from,
        seen = 0,
        others;
      do {
        const page = await groupPage({ cursor }, signal);
        cursor = page.next_cursor;
        others = page.items.filter(({ group }) => partsOf(group).type !== "album");
        seen += 1;
      } while (!others.length && cursor && seen < EMPTY_PAGES);
      for (const group of others) sectionOf(partsOf(group.group).type).append(coverCard(group));
      fill(
        end,
        cursor &&
          h("button", { type: "button", class: "button", onclick: () => load(cursor) }, "Show more groups"),
        !cursor &&
          !sections.size &&
          nothing("group", "No other group", "Images join a group when they are uploaded, generated or edited."),
      );
    } catch (error) {
      if (!signal.aborted) fill(end, problemBox(error, { retry: () => load(from) }));
    }
  }

  function sectionOf(type) {
    if (!sections.has(type)) {
      const list = h("ul", { class: "covers" });
      content.append(h("section", { class: "stack" }, h("h2", {}, typeName(type)), list));
      sections.set(type, list);
    }
    return sections.get(type);
  }
}
