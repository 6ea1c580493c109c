// The order in which images are looked at one after the other: that of the gallery they were opened from.

let current = null;

/** `around(id)` answers `{before, after}`, and loads what is near; "images-loaded" says that more is known. */
export function setSequence(around, signal) {
  current = around;
  signal.addEventListener("abort", () => {
    if (current === around) current = null;
  });
}

/** The ids before and after an image; null at the ends, and as long as they are not known. */
export const neighbours = (id) => current?.(id) ?? { before: null, after: null };
