// A list of places that is read as a whole, so that it can be searched and ordered in any way: albums, tags.
import { fill, h, unique } from "./dom.js";
import { count } from "./format.js";
import { readOwn, writeOwn } from "./own-storage.js";
import { problemBox } from "./problem-box.js";

const MOST = 5000; // entries that are read
const SHOWN = 120; // entries that are elements at first, and are added each time
const AHEAD = "600px"; // below the screen

/**
 * `readPage(cursor)` answers `{items, next_cursor}`. `orders` are `{name: {label, compare}}`, the first one is usual;
 * the choice is kept under `name`. `textOf(item)` is what the field `find` looks into, `draw(item)` the element of an
 * item, and `none` what stands in an empty list. `said` is called with the text about the list.
 */
export function placeList({ name, find, orders, readPage, textOf, draw, none, said, listClass, signal }) {
  const stored = readOwn(`order.${name}`, null);
  const list = h("ul", { class: listClass });
  const end = h("div", { class: "place-end" });
  const status = h("p", { class: "fine", role: "status" }, "Loading …");
  const field = h("input", {
    type: "search",
    placeholder: find,
    "aria-label": find,
    autocomplete: "off",
    oninput: () => arrange(),
  });
  const order = h(
    "select",
    {
      "aria-label": "Order",
      onchange: () => {
        writeOwn(`order.${name}`, order.value);
        arrange();
      },
    },
    Object.entries(orders).map(([value, { label }]) => h("option", { value, selected: value === stored }, label)),
  );
  const tools = h("div", { class: "row place-tools", id: unique("tools") }, field, order);
  const seen = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && more(), { rootMargin: AHEAD });
  let all = [],
    isCut = false,
    ordered = [];

  signal.addEventListener("abort", () => seen.disconnect());
  read();
  return { elements: [tools, status, list, end], reload: read };

  async function read() {
    try {
      const items = [];
      let cursor = null;
      do {
        const page = await readPage(cursor);
        items.push(...page.items);
        cursor = page.next_cursor;
        if (cursor) status.textContent = `Loading … ${count(items.length)}`;
      } while (cursor && items.length < MOST);
      all = items;
      isCut = cursor !== null;
      status.textContent = "";
      arrange();
    } catch (error) {
      if (!signal.aborted) fill(end, problemBox(error, { retry: read }));
    }
  }

  function arrange() {
    const words = field.value.trim().toLowerCase();
    ordered = all
      .filter((item) => textOf(item).toLowerCase().includes(words))
      .sort((orders[order.value] ?? Object.values(orders)[0]).compare);
    tools.hidden = all.length < 2;
    said(isCut ? `The first ${count(all.length)} by name` : count(all.length), all.length);
    status.textContent = words ? `${count(ordered.length)} found` : "";
    fill(list);
    fill(end, !all.length && none());
    more();
  }

  function more() {
    const from = list.children.length;
    list.append(...ordered.slice(from, from + SHOWN).map(draw));
    // Observed anew, so that an end that is still near is told again.
    seen.unobserve(end);
    if (list.children.length < ordered.length) seen.observe(end);
  }
}
