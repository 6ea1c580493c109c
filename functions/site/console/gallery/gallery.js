// A gallery that goes on as one scrolls. However many images there are, only those near the screen are elements, and
// only the cards of what was near lately are kept. What is known of an image is in its card, and never in its element.
import { fill, h, isTyping } from "../parts/dom.js";
import { listen, tell } from "../parts/events.js";
import { plural } from "../parts/format.js";
import { problemBox } from "../parts/problem-box.js";
import { loadLate, preloadViewer } from "../frame/router.js";
import { BAR } from "./bar.js";
import { changeDensity, rowSpace } from "./density.js";
import { partList } from "./part-list.js";
import { keepPosition } from "./position.js";
import { setSequence } from "./sequence.js";

const AHEAD = 1200; // pixels above and below the screen within which pictures' cards are loaded
const DRAWN_BEYOND = 700; // pixels above and below the screen that are drawn
const FAST = 500; // pixels a frame: for what flies by this fast nothing is loaded
const MOST_EMPTY_PAGES = 20;
const AT_ONCE = 3; // requests
const MOST_KEPT = 3000; // cards
const KEPT_BEYOND = 6000; // pixels above and below the screen whose cards are kept in any case
const FIRST_PICTURES = 500; // ms that the pictures of the first screen have the network for themselves
const BESIDE = { ArrowLeft: "before", ArrowRight: "after" };
const MOVES = new Set(["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End"]);
const INTEREST = ["pointermove", "touchstart", "focusin", "wheel"]; // what comes before a picture is opened

/**
 * The element of a gallery. `load({cursor, since, until})` answers `{items, next_cursor}`; `empty` is shown when there
 * is nothing; `accepts(image)` says whether an image that was just added belongs here. `timeline()` is the module that
 * knows all months before they are loaded; a gallery without it continues from page to page. `selects` says where the
 * pictures are that can be selected, `{isTrash, group}`; null where none can. What is loaded with `isApart` does not
 * become part of the gallery.
 */
export function gallery({
  load,
  empty,
  signal,
  label,
  hrefOf = (card) => `#/images/${card.id}`,
  byMonth = true,
  accepts = () => false,
  timeline = null,
  selects = {},
}) {
  const list = h("div", { class: "months", id: "months" });
  const status = h("p", { class: "gallery-status", role: "status" });
  const kind = timeline ? "gallery has-dates" : "gallery";
  const root = h("section", { class: kind, "aria-label": label, "aria-busy": "true" }, list, status);
  const drawing = { hrefOf, made: null }; // `made(item, card)` completes each new element
  const known = partList({ byMonth, drawing });
  const { parts } = known;
  let running = 0,
    hasFailed = false,
    isTimeline = false,
    pages = 0,
    frame = 0,
    scrolled = scrollY,
    looked = null, // the part of the picture that is looked at in the viewer
    selection = null, // the promise of what can be done with it
    space = null,
    scrubber = null;

  /** Load the next page of a part; ends when it is there, or failed. */
  function more(part) {
    if (part.isWhole || hasFailed || signal.aborted) return Promise.resolve();
    part.loading ??= nextPage(part).finally(() => (part.loading = null));
    return part.loading;
  }

  async function nextPage(part) {
    running += 1;
    root.setAttribute("aria-busy", "true");
    if (!known.loaded() && parts.length === 1) fill(status, skeletons());
    try {
      let page,
        cursor = part.cursor,
        seen = 0;
      do {
        page = await load({ cursor, ...instants(part.query) });
        cursor = page.next_cursor;
        seen += 1;
      } while (!page.items.length && cursor && seen < MOST_EMPTY_PAGES);
      if (!parts.includes(part)) return; // The timeline has come meanwhile, and divides it anew.
      pages += 1;
      const held = position.hold();
      known.put(part, page.items, cursor);
      arrange(held);
      tellEnd();
      if (pages === 1 && cursor && timeline) takeTimeline();
    } catch (error) {
      if (!signal.aborted) fail(error);
    } finally {
      running -= 1;
      root.setAttribute("aria-busy", String(running > 0));
    }
    tell("images-loaded", {});
    schedule();
  }

  function fail(error) {
    hasFailed = true;
    status.classList.toggle("is-floating", known.loaded() > 0);
    const retry = () => {
      hasFailed = false;
      status.classList.remove("is-floating");
      fill(status);
      if (known.loaded()) schedule();
      else more(parts[0]);
    };
    fill(status, problemBox(error, { retry }));
  }

  /** Have a part for each month, once the first pictures are there. */
  const takeTimeline = () => (ready = becomeTimeline());
  let ready = Promise.resolve();

  async function becomeTimeline() {
    await new Promise((resolve) => {
      const later = () => setTimeout(resolve, FIRST_PICTURES);
      for (const end of ["load", "error"]) list.addEventListener(end, later, { capture: true, once: true, signal });
      addEventListener("scroll", resolve, { passive: true, once: true, signal }); // Somebody is on the way.
      if (position.isAway()) resolve();
    });
    try {
      const module = await timeline();
      const periods = module.periodsOf(await module.readMonths(signal));
      if (signal.aborted || periods.length < 2) return;
      const held = position.hold();
      const focused = document.activeElement?.closest(".tile")?.dataset.id;
      module.adopt(known, periods);
      isTimeline = true;
      scrubber = module.scrubber({ parts, jump, signal });
      root.prepend(scrubber.element);
      arrange(held);
      if (focused) known.placeOf(focused)?.part.itemOf(focused)?.querySelector("a").focus({ preventScroll: true });
      tellEnd();
    } catch {
      // The gallery continues from page to page.
    }
  }

  function tellEnd() {
    if (hasFailed) return;
    fill(status);
    if (parts.length && !parts.at(-1).isWhole) return;
    if (!known.total()) fill(status, empty());
    else if (pages > 1) fill(status, `That is all: ${plural(known.total(), "image")}.`);
  }

  /** Compute where everything stands; what was on the screen stays there (`held`). */
  function arrange(held = position.hold()) {
    const width = list.clientWidth;
    if (!width) return;
    const next = { width, ...rowSpace() };
    if (JSON.stringify(next) !== JSON.stringify(space)) space = next;
    root.style.setProperty("--row", `${space.height}px`);
    let top = parts[0]?.name ? -22 : 0; // The first heading has no margin above.
    for (const part of parts) {
      part.arrange(space);
      part.top = top;
      part.element.style.setProperty("top", `${top}px`);
      top += part.height;
    }
    list.style.setProperty("height", `${Math.max(0, top)}px`);
    position.release(held);
    scrubber?.arrange();
    draw();
  }

  function schedule() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  }

  function draw() {
    if (signal.aborted || !root.isConnected) return;
    const isFast = Math.abs(scrollY - scrolled) > FAST;
    scrolled = scrollY;
    const above = -list.getBoundingClientRect().top;
    const below = above + innerHeight;
    let next = list.firstChild;
    for (const part of parts) {
      const isNear = part.top < below + DRAWN_BEYOND && part.top + part.height > above - DRAWN_BEYOND;
      if (!isNear && !part.hasFocus()) {
        if (next === part.element) next = next.nextSibling;
        if (part.element.isConnected) part.detach();
        continue;
      }
      if (part.element === next) next = next.nextSibling;
      else list.insertBefore(part.element, next);
      part.draw(above - DRAWN_BEYOND - part.top, below + DRAWN_BEYOND - part.top, { isFast });
    }
    scrubber?.show(above + BAR, { isAtEnd: scrollY + innerHeight >= document.documentElement.scrollHeight - 2 });
    if (isFast) schedule(); // what stands still now is drawn and loaded for good
    else loadNear(above, below);
  }

  function loadNear(above, below) {
    for (const part of parts) {
      if (part.isWhole || part.loading || running >= AT_ONCE) continue;
      const from = part.top + part.loadedHeight();
      if (from < below + AHEAD && part.top + part.height > above - AHEAD) more(part);
    }
    if (isTimeline && known.loaded() > MOST_KEPT) forgetFar(above - KEPT_BEYOND, below + KEPT_BEYOND);
  }

  function forgetFar(from, to) {
    const kept = new Set([looked - 1, looked, looked + 1].map((at) => looked !== null && parts[at]));
    for (const part of parts) {
      const isFar = part.top > to || part.top + part.height < from;
      if (isFar && part.cards.length && !part.hasFocus() && !kept.has(part)) known.forget(part);
    }
  }

  /** Bring a height of the gallery to the top of the window. */
  function jump(height) {
    scrollTo({ top: scrollY + list.getBoundingClientRect().top + height - BAR, behavior: "instant" });
    schedule();
  }

  /** Load a picture's card, or that of the one after it if it is gone; answers its id, or null if there is none. */
  async function reach(id) {
    if (known.placeOf(id)) return id;
    await Promise.race([parts[0]?.loading, ended]);
    await ready;
    const time = timeOf(id);
    const part = isTimeline ? known.partAt(time) : null;
    if (part && !part.cards.length) jump(part.top);
    for (let count = 0; !known.placeOf(id) && count < MOST_EMPTY_PAGES; count += 1) {
      const open = isTimeline ? known.partAt(time) : parts.at(-1);
      if (!open || open.isWhole || hasFailed || signal.aborted) break;
      await more(open);
    }
    if (known.placeOf(id)) return id;
    return isTimeline ? (known.partAt(time)?.cards.find((card) => card.id < id)?.id ?? null) : null;
  }

  /** Bring a picture into view, and give it the focus. */
  async function focusOn(id) {
    const found = isTimeline || timeline ? await reach(id) : id;
    const place = found && known.placeOf(found);
    if (!place || signal.aborted) return;
    const box = place.part.boxOf(place.index);
    const top = list.getBoundingClientRect().top + place.part.top + box.top;
    if (top < BAR || top + box.height > innerHeight) scrollBy(0, top - (innerHeight - box.height) / 2);
    draw();
    place.part.itemOf(found)?.querySelector("a").focus({ preventScroll: true });
  }

  function around(id) {
    const place = known.placeOf(id);
    if (!place) return { before: null, after: null };
    const { part, index } = place;
    const at = (looked = parts.indexOf(part));
    const [newer, older] = [parts[at - 1], parts[at + 1]];
    if (index > part.cards.length - 5) more(part.isWhole && older ? older : part);
    if (index < 5 && newer && !newer.isWhole) moreUntilWhole(newer);
    const before = part.cards[index - 1] ?? (newer?.isWhole ? newer.cards.at(-1) : null);
    const after = part.cards[index + 1] ?? (part.isWhole ? older?.cards[0] : null);
    return { before: before?.id ?? null, after: after?.id ?? null };
  }

  async function moreUntilWhole(part) {
    while (parts.includes(part) && !part.isWhole && !hasFailed && !signal.aborted) await more(part);
  }

  /** Let pictures be selected, from the first sign of interest on. */
  function select() {
    if (!selects || signal.aborted) return null;
    const page = ({ cursor, ...period }) => load({ cursor, ...instants(period), isApart: true });
    const own = { root, list, known, drawing, page, focusOn, isTimeline: () => isTimeline, signal, ...selects };
    selection ??= loadLate("select").then((begin) => begin(own));
    selection.catch(() => (selection = null)); // The next sign tries again.
    return selection;
  }

  function beInterested() {
    preloadViewer();
    select();
  }

  function keys(event) {
    if (isTyping(event) || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey) {
      if (!selects || event.key !== "a") return;
      event.preventDefault();
      return void select().then(({ all }) => all(), () => null);
    }
    const step = { "-": -1, "+": 1, "=": 1 }[event.key];
    if (step) changeDensity(step);
  }

  /** Keys move between the pictures; the module for those that lead further comes with the first of them. */
  async function move(event) {
    const id = event.target.closest(".tile")?.dataset.id;
    if (!id || !MOVES.has(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const beside = around(id)[BESIDE[event.key]];
    if (beside) return focusOn(beside);
    const moveFocus = await loadLate("moveFocus");
    const card = await moveFocus(event.key, id, { known, more, moreUntilWhole });
    if (card) focusOn(card.id);
  }

  const position = keepPosition({ list, known, reach, jump, signal });
  const ended = new Promise((resolve) => signal.addEventListener("abort", resolve));
  const resized = new ResizeObserver(() => list.clientWidth !== space?.width && arrange());
  resized.observe(list);
  addEventListener("scroll", schedule, { passive: true, signal });
  addEventListener("resize", schedule, { passive: true, signal });
  addEventListener("scroll", preloadViewer, { passive: true, once: true, signal });
  addEventListener("keydown", keys, { signal });
  INTEREST.forEach((sign) => list.addEventListener(sign, beInterested, { passive: true, once: true, signal }));
  // A long press may be the first sign of interest, and is over when a script has come for it.
  const once = { capture: true, once: true, signal };
  list.addEventListener("load", () => setTimeout(select, FIRST_PICTURES), once);
  list.addEventListener("keydown", move);
  signal.addEventListener("abort", () => resized.disconnect());
  let seen; // what is on the screen before images come or go; undefined when none do
  const change = (act) => {
    if (seen === undefined) {
      seen = position.hold();
      queueMicrotask(settle); // once for all that go at once
    }
    act();
  };
  function settle() {
    arrange(seen);
    seen = undefined;
    tellEnd();
  }
  listen("image-removed", ({ id }) => change(() => known.remove(id)), signal);
  listen("image-changed", known.change, signal);
  listen("density", () => arrange(), signal);
  listen(
    "image-added",
    (image) => {
      if (known.wasRemoved(image.id) || accepts(image)) change(() => known.insert(image));
    },
    signal,
  );
  listen(
    "image-left",
    ({ id }) => {
      looked = null;
      focusOn(id);
    },
    signal,
  );
  setSequence(around, signal);
  more(known.begin({ name: "", month: null }));
  position.restore();
  return root;
}

/** A period as the API has it. */
function instants(period) {
  const text = (time) => (time === null || time === undefined ? null : new Date(time).toISOString());
  return { since: text(period?.since), until: text(period?.until) };
}

/** When an image was made: ids begin with that instant. */
const timeOf = (id) => parseInt(id.replace("-", "").slice(0, 12), 16);

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
