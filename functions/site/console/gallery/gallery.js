// A grid of images that goes on as one scrolls. However many there are, only those near the screen are elements.
import { fill, h } from "../parts/dom.js";
import { listen } from "../parts/events.js";
import { inMonth, plural } from "../parts/format.js";
import { vertical } from "./layout.js";
import { month } from "./month.js";
import { problemBox } from "../parts/problem-box.js";
import { preloadViewer } from "../frame/router.js";
import { setSequence } from "./sequence.js";

const AHEAD = 1200; // pixels below the screen for which the next page is loaded
const DRAWN_BEYOND = 700; // pixels above and below the screen that are drawn
const FAST = 500; // pixels a frame: what flies by this fast loads no picture
const MOST_EMPTY_PAGES = 20;
const INTEREST = ["pointermove", "touchstart", "focusin", "wheel"]; // what comes before a picture is opened

/**
 * The element of a gallery. `load(cursor)` answers `{items, next_cursor}`; `empty` is shown when there is nothing;
 * `accepts(image)` says whether an image that was just added belongs here.
 */
export function gallery({
  load,
  empty,
  signal,
  label,
  hrefOf = (card) => `#/images/${card.id}`,
  byMonth = true,
  accepts = () => false,
}) {
  const list = h("div", { class: "months", onkeydown: moveFocus });
  const status = h("p", { class: "gallery-status", role: "status" });
  const root = h("section", { class: "gallery", "aria-label": label, "aria-busy": "true" }, list, status);
  const months = [];
  const known = new Map(); // id -> card
  const removed = new Map(); // id -> the id it stood before, so that it can come back to its place
  let cursor = null,
    isDone = false,
    isLoading = false,
    hasFailed = false,
    pages = 0,
    frame = 0,
    scrolled = scrollY;

  async function more() {
    if (isLoading || isDone || hasFailed || signal.aborted) return;
    isLoading = true;
    root.setAttribute("aria-busy", "true");
    if (!known.size) status.replaceChildren(...skeletons());
    try {
      let page,
        looked = 0;
      do {
        page = await load(cursor);
        cursor = page.next_cursor;
        looked += 1;
      } while (!page.items.length && cursor && looked < MOST_EMPTY_PAGES);
      pages += 1;
      isDone = !cursor;
      page.items.forEach((card) => append(card));
      arrange();
      tellEnd();
    } catch (error) {
      if (signal.aborted) return;
      hasFailed = true;
      fill(
        status,
        problemBox(error, {
          retry: () => {
            hasFailed = false;
            fill(status);
            more();
          },
        }),
      );
    } finally {
      isLoading = false;
      root.setAttribute("aria-busy", "false");
    }
    draw();
  }

  function tellEnd() {
    fill(status);
    if (isDone && !known.size) fill(status, empty());
    else if (isDone && pages > 1) fill(status, `That is all: ${plural(known.size, "image")}.`);
  }

  function append(card) {
    if (known.has(card.id)) return;
    known.set(card.id, card);
    const name = byMonth ? inMonth(card.created_at) : "";
    const last = months.at(-1);
    const part = last?.name === name ? last : begin(name, months.length);
    part.cards.push(card);
  }

  function begin(name, at) {
    const made = month(name, { hrefOf });
    list.insertBefore(made.element, months[at]?.element ?? null);
    months.splice(at, 0, made);
    return made;
  }

  /** Put an image where it stood, or else at the top of its month, as the newest. */
  function insert(card) {
    if (known.has(card.id)) return;
    const before = placeOf(removed.get(card.id));
    removed.delete(card.id);
    known.set(card.id, card);
    const name = byMonth ? inMonth(card.created_at) : "";
    if (before?.part.name === name) before.part.cards.splice(before.index, 0, card);
    else {
      const at = before ? months.indexOf(before.part) : 0;
      const part = [months[at - 1], months[at]].find((one) => one?.name === name) ?? begin(name, at);
      if (before && part === months[at - 1]) part.cards.push(card);
      else part.cards.unshift(card);
    }
    arrange();
    tellEnd();
  }

  function remove(id) {
    const place = placeOf(id);
    if (!place) return;
    const ids = [...order()];
    removed.set(id, ids[ids.indexOf(id) + 1] ?? null);
    place.part.remove(place.index);
    known.delete(id);
    if (!place.part.cards.length) {
      place.part.element.remove();
      months.splice(months.indexOf(place.part), 1);
    }
    arrange();
    tellEnd();
  }

  function placeOf(id) {
    if (!known.has(id)) return null;
    for (const part of months) {
      const index = part.cards.findIndex((card) => card.id === id);
      if (index >= 0) return { part, index };
    }
    return null;
  }

  function* order() {
    for (const part of months) for (const card of part.cards) yield card.id;
  }

  function arrange() {
    const isNarrow = matchMedia("(max-width: 860px)").matches;
    const space = { width: list.clientWidth, height: isNarrow ? 132 : 224, gap: isNarrow ? 4 : 6 };
    if (space.width) months.forEach((part) => part.arrange(space));
    schedule();
  }

  function schedule() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  }

  function draw() {
    if (signal.aborted) return;
    const isFast = Math.abs(scrollY - scrolled) > FAST;
    scrolled = scrollY;
    months.forEach((part) => part.draw(-DRAWN_BEYOND, innerHeight + DRAWN_BEYOND, { isFast }));
    if (isFast) schedule(); // what stands still now is drawn for good
    if (root.isConnected && root.getBoundingClientRect().bottom < innerHeight + AHEAD) more();
  }

  /** Bring a picture into view, and give it the focus. */
  function focusOn(id) {
    const place = placeOf(id);
    if (!place) return;
    const box = place.part.boxOf(place.index);
    const top = place.part.top() + box.top;
    if (top < 0 || top + box.height > innerHeight) scrollBy(0, top - (innerHeight - box.height) / 2);
    draw();
    place.part.itemOf(id)?.querySelector("a").focus({ preventScroll: true });
  }

  /** Arrows move between the pictures, as the eye does. */
  function moveFocus(event) {
    const id = event.target.closest(".tile")?.dataset.id;
    const place = id && placeOf(id);
    if (!place || event.altKey || event.ctrlKey || event.metaKey) return;
    const ids = [...order()];
    const at = ids.indexOf(id);
    const target = {
      ArrowRight: ids[at + 1],
      ArrowLeft: ids[at - 1],
      Home: ids[0],
      End: ids.at(-1),
      ArrowDown: across(place, 1),
      ArrowUp: across(place, -1),
    }[event.key];
    if (!target) return;
    event.preventDefault();
    focusOn(target);
  }

  function across({ part, index }, direction) {
    const found = vertical(part.boxes(), index, direction);
    if (found !== index) return part.cards[found].id;
    const other = months[months.indexOf(part) + direction];
    return other && (direction > 0 ? other.cards[0] : other.cards.at(-1)).id;
  }

  const resized = new ResizeObserver(arrange);
  resized.observe(list);
  addEventListener("scroll", schedule, { passive: true, signal });
  addEventListener("scroll", preloadViewer, { passive: true, once: true, signal });
  INTEREST.forEach((sign) => list.addEventListener(sign, preloadViewer, { passive: true, once: true, signal }));
  signal.addEventListener("abort", () => resized.disconnect());
  listen("image-removed", ({ id }) => remove(id), signal);
  listen(
    "image-added",
    (image) => {
      if (removed.has(image.id) || accepts(image)) insert(image);
    },
    signal,
  );
  listen("image-left", ({ id }) => focusOn(id), signal);
  setSequence({ ids: () => [...order()], more }, signal);
  more();
  return root;
}

function skeletons() {
  const ratios = [1.5, 0.75, 1.33, 1, 1.78, 0.8, 1.5, 1.2];
  return [
    h("span", { class: "unseen" }, "Loading images"),
    h(
      "span",
      { class: "grid is-waiting", "aria-hidden": "true" },
      ratios.map((ratio) => h("span", { class: "tile", style: { "--ratio": ratio } })),
    ),
  ];
}
