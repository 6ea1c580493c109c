// A grid of images that goes on as one scrolls: rows of equal height, every picture in its own proportions.
import { fill, h } from "./dom.js";
import { listen } from "./events.js";
import { inMonth } from "./format.js";
import { problemBox } from "./problem-box.js";
import { setSequence } from "./sequence.js";
import { tile } from "./tile.js";

const AHEAD = "1200px";
const MOST_EMPTY_PAGES = 20;

/**
 * The element of a gallery. `load(cursor)` answers `{items, next_cursor}`; `empty` is shown when there is nothing;
 * `accepts(image)` says whether an image that was just added belongs here.
 */
export function gallery({ load, empty, signal, label, hrefOf = (card) => `#/images/${card.id}`, byMonth = true, accepts = () => false }) {
  const months = h("div", { class: "months" });
  const status = h("p", { class: "gallery-status", role: "status" });
  const end = h("div", { class: "gallery-end", "aria-hidden": "true" });
  const root = h("section", { class: "gallery", "aria-label": label, "aria-busy": "true" }, months, status, end);
  const known = new Set();
  let cursor = null, isDone = false, isLoading = false, retries = null;

  async function more() {
    if (isLoading || isDone || signal.aborted) return;
    isLoading = true;
    root.setAttribute("aria-busy", "true");
    if (!known.size) status.replaceChildren(...skeletons());
    try {
      let page, looked = 0;
      do {
        page = await load(cursor);
        cursor = page.next_cursor;
        looked += 1;
      } while (!page.items.length && cursor && looked < MOST_EMPTY_PAGES);
      status.replaceChildren();
      page.items.forEach((card) => add(card));
      isDone = !cursor;
      if (!known.size && isDone) fill(status, empty());
    } catch (error) {
      if (signal.aborted) return;
      fill(status, problemBox(error, { retry: retries }));
      watcher.disconnect();
    } finally {
      isLoading = false;
      root.setAttribute("aria-busy", "false");
    }
    if (!isDone && cursor && isNear()) more();
  }
  retries = () => { fill(status); watcher.observe(end); more(); };

  function add(card, { isNew = false } = {}) {
    if (known.has(card.id)) return;
    known.add(card.id);
    const list = listOf(card, isNew);
    const item = tile(card, { href: hrefOf(card) });
    if (isNew) list.prepend(item);
    else list.append(item);
  }

  function listOf(card, isNew) {
    const name = byMonth ? inMonth(card.created_at) : "";
    const sections = [...months.children];
    const section = isNew ? sections[0] : sections.at(-1);
    if (section?.dataset.month === name) return section.querySelector("ul");
    const list = h("ul", { class: "grid", onkeydown: moveFocus });
    const made = h("section", { class: "month", dataset: { month: name } }, name && h("h2", {}, name), list);
    if (isNew) months.prepend(made);
    else months.append(made);
    return list;
  }

  function remove(id) {
    known.delete(id);
    const item = months.querySelector(`[data-id="${CSS.escape(id)}"]`);
    const section = item?.closest(".month");
    item?.remove();
    if (section && !section.querySelector("li")) section.remove();
    if (!known.size && isDone) fill(status, empty());
  }

  const isNear = () => end.getBoundingClientRect().top < innerHeight + 1200;
  const watcher = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && more(), { rootMargin: AHEAD });
  watcher.observe(end);
  signal.addEventListener("abort", () => watcher.disconnect());
  listen("image-removed", ({ id }) => remove(id), signal);
  listen("image-added", (image) => { if (accepts(image)) { fill(status); add(image, { isNew: true }); } }, signal);
  setSequence({ ids: () => [...months.querySelectorAll(".tile")].map((item) => item.dataset.id), more: () => more() }, signal);
  return root;
}

/** Arrows move between the pictures, as the eye does. */
function moveFocus(event) {
  const items = [...document.querySelectorAll(".gallery .tile a")];
  const at = items.indexOf(document.activeElement);
  if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
  const target = { ArrowRight: items[at + 1], ArrowLeft: items[at - 1], Home: items[0], End: items.at(-1), ArrowDown: vertical(items, at, 1), ArrowUp: vertical(items, at, -1) }[event.key];
  if (!target) return;
  event.preventDefault();
  target.focus();
  target.scrollIntoView({ block: "nearest" });
}

function vertical(items, at, direction) {
  const from = items[at].getBoundingClientRect();
  const middle = (from.left + from.right) / 2;
  const boxes = items.map((item) => [item, item.getBoundingClientRect()]);
  const beyond = boxes.filter(([, box]) => (direction > 0 ? box.top > from.bottom - 1 : box.bottom < from.top + 1));
  if (!beyond.length) return null;
  const edge = direction > 0 ? Math.min(...beyond.map(([, box]) => box.top)) : Math.max(...beyond.map(([, box]) => box.top));
  const row = beyond.filter(([, box]) => Math.abs(box.top - edge) < 4);
  return row.sort((one, other) => Math.abs((one[1].left + one[1].right) / 2 - middle) - Math.abs((other[1].left + other[1].right) / 2 - middle))[0][0];
}

function skeletons() {
  const ratios = [1.5, 0.75, 1.33, 1, 1.78, 0.8, 1.5, 1.2];
  return [h("span", { class: "unseen" }, "Loading images"), h("span", { class: "grid is-waiting", "aria-hidden": "true" }, ratios.map((ratio) => h("span", { class: "tile", style: { "--ratio": ratio } })))];
}
