// What selecting adds to the pictures of a gallery: a tick to each, and a way to open it all the same.
import { nameOf } from "../gallery/tile.js";
import { h } from "../parts/dom.js";

/**
 * Keep ticks on the pictures of a list: on all while something is selected, else on the one under the pointer and the
 * one with the focus. Answers `{show}`, to be called when the selection changed.
 */
export function keepTicks({ list, drawing, known, chosen, signal }) {
  let isSelecting = false,
    pointed = null, // the picture under the pointer
    focused = null; // the one with the focus

  /** Add what is missing on a picture. */
  function dress(item, card) {
    if (!card) return;
    const name = nameOf(card);
    if (!item.querySelector(".tick"))
      item.append(h("button", { type: "button", class: "tick", role: "checkbox", "aria-label": `Select ${name}` }));
    if (isSelecting && !item.querySelector(".peek")) {
      const { href } = item.firstChild;
      item.firstChild.after(h("a", { class: "peek", href, "aria-label": `Open ${name}`, title: "Open" }));
    }
    mark(item);
  }

  function mark(item) {
    const isChosen = chosen.has(item.dataset.id);
    item.classList.toggle("is-chosen", isChosen);
    item.querySelector(".tick")?.setAttribute("aria-checked", String(isChosen));
  }

  function strip(item) {
    const isInUse = item === pointed || item.contains(document.activeElement);
    for (const extra of item.querySelectorAll(isInUse ? ".peek" : ".tick, .peek")) extra.remove();
    mark(item);
  }

  function cardOf(item) {
    const place = known.placeOf(item.dataset.id);
    return place?.part.cards[place.index];
  }

  function show() {
    isSelecting = chosen.size > 0;
    list.classList.toggle("is-selecting", isSelecting);
    for (const item of list.querySelectorAll(".tile")) {
      if (isSelecting) dress(item, cardOf(item));
      else strip(item);
    }
  }

  function point({ target, pointerType }) {
    if (pointerType === "touch") return;
    const before = pointed;
    pointed = target.closest(".tile");
    follow(before, pointed);
  }

  function focus({ target }) {
    const before = focused;
    focused = target.closest(".tile");
    follow(before, focused);
  }

  function follow(before, item) {
    if (isSelecting) return;
    if (before && before !== item) strip(before);
    if (item) dress(item, cardOf(item));
  }

  drawing.made = (item, card) => isSelecting && dress(item, card);
  list.addEventListener("pointerover", point, { signal });
  list.addEventListener("pointerleave", () => point({ target: list }), { signal });
  list.addEventListener("focusin", focus, { signal });
  // The sign of interest that brought this here has passed.
  for (const [state, take] of [
    [":hover", point],
    [":focus-within", focus],
  ]) {
    const target = list.querySelector(`.tile${state}`);
    if (target) take({ target });
  }
  return { show };
}
