// Where one is in a gallery: kept while pictures are loaded above, and by the history for Back and for a reload.
import { BAR } from "./bar.js";

const AFTER_SCROLLING = 200; // ms

/** `hold` and `release` keep what is on the screen there; `restore` goes where this entry of the history was left. */
export function keepPosition({ list, known, reach, jump, signal }) {
  const top = () => list.getBoundingClientRect().top;
  let isRestoring = false;

  /** What is at the top of the screen: a picture if it is loaded, or else a place in a part; null at the beginning. */
  function hold() {
    const line = BAR - top();
    if (line <= 0) return null;
    const at = known.parts.findLastIndex((one) => one.top <= line);
    if (at < 0) return null;
    for (const part of known.parts.slice(at)) {
      if (part.top > line + innerHeight) break;
      const index = part.indexAt(line - part.top, 0);
      if (index < 0 || line - part.top > part.loadedHeight()) continue; // What is seen first may be further down.
      return { id: part.cards[index].id, offset: line - part.top - part.boxOf(index).top, line };
    }
    const part = known.parts[at];
    const within = line - part.top;
    return { part, within, share: within < BAR ? null : within / part.height, line };
  }

  function release(held) {
    if (!held) return;
    const place = held.id && known.placeOf(held.id);
    const part = place ? place.part : known.parts.includes(held.part) ? held.part : null;
    if (!part) return;
    const within = place
      ? place.part.boxOf(place.index).top + held.offset
      : held.share === null
        ? held.within
        : held.share * part.height;
    const shift = part.top + within - held.line;
    if (Math.abs(shift) >= 1) scrollBy({ top: shift, behavior: "instant" });
  }

  function remember() {
    if (isRestoring || signal.aborted || document.querySelector("dialog.viewer[open]")) return;
    const held = hold();
    if (held && !held.id) return; // Nothing is loaded here yet.
    const at = held ? { id: held.id, offset: Math.round(held.offset) } : null;
    if (JSON.stringify(at) !== JSON.stringify(left())) history.replaceState({ ...history.state, at }, "");
  }

  async function restore() {
    const at = left();
    if (!at) return;
    isRestoring = true;
    const id = await reach(at.id);
    const place = id && known.placeOf(id);
    if (place && !signal.aborted) {
      const offset = id === at.id ? at.offset : 0;
      jump(place.part.top + place.part.boxOf(place.index).top + offset);
    }
    isRestoring = false;
  }

  let timer = 0;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(remember, AFTER_SCROLLING);
  };
  addEventListener("scroll", later, { passive: true, signal });
  addEventListener("pagehide", remember, { signal });
  list.addEventListener("click", remember, { capture: true });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return { hold, release, restore, isAway: () => isRestoring };
}

const left = () => history.state?.at ?? null;
