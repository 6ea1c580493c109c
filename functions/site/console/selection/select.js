// Selecting pictures in a gallery: by their ticks, with Shift, with keys and by touch.
import { BAR } from "../gallery/bar.js";
import { listen } from "../parts/events.js";
import { isTyping } from "../parts/dom.js";
import { count, plural } from "../parts/format.js";
import { notify } from "../parts/notices.js";
import { selectionBar } from "./bar.js";
import { reading, TooMany } from "./between.js";
import { chosenImages, MOST } from "./chosen.js";
import { takeTouches } from "./fingers.js";
import { keepTicks } from "./ticks.js";

const MOVES = /^(Arrow|Page(Up|Down)$|Home$|End$)/;

/**
 * Let the pictures of a gallery be selected until its screen is left; answers `{all()}`. `list`, `known`, `drawing` and
 * `isTimeline()` are the gallery's, and `page(period)` answers a page of its list.
 */
export function select({ root, list, known, drawing, page, isTimeline, focusOn, signal, isTrash, group }) {
  const chosen = chosenImages(show);
  const ticks = keepTicks({ list, drawing, known, chosen, signal });
  const bar = selectionBar({ root, chosen, isTrash, group, all, clear, signal });
  const isClick = takeTouches({ list, begin, reach, signal });
  let isShowing = false,
    isExtending = false, // Shift and a key are about to move the focus
    last = null, // the picture that was selected last, for the focus
    loading = null; // what ends the loading of a range, or of all

  /** Show a change, once for all that change at once. */
  function show() {
    if (!isShowing) queueMicrotask(draw);
    isShowing = true;
  }

  function draw() {
    isShowing = false;
    if (signal.aborted) return;
    const isLost = !chosen.size && bar.hasFocus();
    ticks.show();
    bar.show();
    if (isLost) focusNear();
  }

  /** The bar goes, and the focus that was on it returns to the pictures. */
  function focusNear() {
    if (last && known.placeOf(last)) return focusOn(last);
    const isSeen = (item) => item.getBoundingClientRect().top > BAR;
    [...list.querySelectorAll(".tile")].find(isSeen)?.firstChild.focus({ preventScroll: true });
  }

  const cardOf = (id) => {
    const place = known.placeOf(id);
    return place?.part.cards[place.index];
  };

  function toggle(id) {
    loading?.abort();
    const card = cardOf(id);
    if (!card) return;
    last = id;
    if (!chosen.toggle(card)) sayFull();
  }

  function begin(id) {
    if (!chosen.has(id)) toggle(id);
    else chosen.begin(id);
  }

  /** Select all from where the range began to this picture, in place of the range before. */
  async function reach(id) {
    if (!chosen.anchor) return begin(id);
    last = id;
    const cards = await load((reader) => reader.between(chosen.anchor, id));
    if (cards && !chosen.range(cards)) sayFull();
  }

  /** Select all that the list has. */
  async function all() {
    const found = await load((reader) => reader.all());
    if (!found) return;
    if (!chosen.add(found.cards) || found.hasMore)
      notify(`${count(MOST)} images are selected, the most at once. There are more in this list.`);
  }

  /** Read cards; the next thing that is selected ends it. Null if it ended, or failed, which is said. */
  async function load(read) {
    loading?.abort();
    const mine = (loading = new AbortController());
    const told = (number) => bar.tellLoading(number);
    try {
      const answer = await read(reading({ known, page, isTimeline, told, signal: mine.signal }));
      return mine.signal.aborted || signal.aborted ? null : answer;
    } catch (error) {
      if (signal.aborted || mine.signal.aborted) return null;
      if (error instanceof TooMany) sayFull();
      else notify(error.message, { isProblem: true });
      return null;
    } finally {
      if (loading === mine) {
        loading = null;
        bar.tellLoading(null);
      }
    }
  }

  const sayFull = () => notify(`At most ${plural(MOST, "image")} can be selected at once.`, { isProblem: true });

  function clear() {
    loading?.abort();
    chosen.clear();
  }

  function click(event) {
    const item = event.target.closest(".tile");
    if (!item) return;
    const isTick = event.target.closest(".tick");
    const isOther = event.target.closest(".peek") || event.ctrlKey || event.metaKey || event.altKey;
    const isKey = event.detail === 0 && !isTick; // Enter on a picture opens it.
    const opens = isOther || isKey || (!event.shiftKey && !chosen.size && !isTick);
    if (isClick() && opens) return;
    event.preventDefault();
    event.stopPropagation();
    if (!isClick()) return;
    if (event.shiftKey) reach(item.dataset.id);
    else toggle(item.dataset.id);
  }

  function keys(event) {
    const id = event.target.closest(".tile")?.dataset.id;
    isExtending = false;
    if (!id || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.shiftKey && MOVES.test(event.key)) {
      isExtending = true;
      if (!chosen.anchor) begin(id);
      return;
    }
    if (event.key !== " " && event.key.toLowerCase() !== "x") return;
    event.preventDefault();
    if (event.shiftKey) reach(id);
    else toggle(id);
  }

  function keysAnywhere(event) {
    if (!chosen.size && !loading) return;
    if (isTyping(event) || document.querySelector("dialog[open], :popover-open")) return;
    if (event.key === "Escape") clear();
    if (event.key === "Delete" && !event.shiftKey) bar.remove();
  }

  list.addEventListener("click", click, { capture: true, signal });
  list.addEventListener("keydown", keys, { capture: true, signal }); // before the gallery moves the focus
  list.addEventListener("mousedown", (event) => event.shiftKey && event.preventDefault(), { signal }); // no text
  list.addEventListener("pointerdown", () => (isExtending = false), { signal });
  list.addEventListener(
    "focusin",
    ({ target }) => isExtending && target.closest(".tile") && reach(target.closest(".tile").dataset.id),
    { signal },
  );
  addEventListener("keydown", keysAnywhere, { signal });
  signal.addEventListener("abort", () => loading?.abort());
  listen("image-removed", ({ id }) => chosen.remove([id]), signal);
  listen("image-changed", chosen.update, signal);
  return { all };
}
