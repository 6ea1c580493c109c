// The keyboard in a gallery: arrows move as the eye does, Page keys by a screen, Home and End to the ends.
import { BAR } from "./bar.js";
import { vertical } from "./layout.js";

/** The card that a key leads to from the picture with this id, loaded if need be; undefined where there is none. */
export function moveFocus(key, id, { known, more, moreUntilWhole }) {
  const place = known.placeOf(id);
  const { parts } = known;
  const find = {
    ArrowRight: () => beside(1),
    ArrowLeft: () => beside(-1),
    ArrowDown: () => across(1),
    ArrowUp: () => across(-1),
    PageDown: () => screens(1),
    PageUp: () => screens(-1),
    Home: () => first(parts[0]),
    End: () => last(parts.at(-1)),
  }[key];
  return place && find();

  async function first(part) {
    if (part && !part.cards.length) await more(part);
    return part?.cards[0];
  }

  async function last(part) {
    if (part) await moreUntilWhole(part);
    return part?.cards.at(-1);
  }

  async function beside(step) {
    const { part, index } = place;
    if (step > 0 && !part.cards[index + 1]) await more(part);
    return part.cards[index + step] ?? next(part, step);
  }

  function next(part, step) {
    const other = parts[parts.indexOf(part) + step];
    return step > 0 ? first(other) : last(other);
  }

  async function across(step) {
    const { part, index } = place;
    const found = vertical(part.boxes(), index, step);
    return found === index ? next(part, step) : part.cards[found];
  }

  async function screens(step) {
    const box = place.part.boxOf(place.index);
    const height = place.part.top + box.top + box.height / 2 + step * (innerHeight - BAR - box.height);
    const at = () => parts.findLast((part) => part.top <= height) ?? parts[0];
    scrollBy({ top: step * (innerHeight - BAR - box.height), behavior: "instant" });
    for (let part = at(); !part.isWhole && height > part.top + part.loadedHeight(); part = at()) {
      const before = part.cards.length;
      await more(part);
      if (part.cards.length === before) break;
    }
    const part = at();
    const card = part.cards[part.indexAt(height - part.top, box.left + box.width / 2)];
    return card ?? (step > 0 ? last(parts.at(-1)) : first(parts[0]));
  }
}
