// The order in which images are looked at one after the other: that of the gallery they were opened from.

let current = null;

export function setSequence(sequence, signal) {
  current = sequence;
  signal.addEventListener("abort", () => {
    if (current === sequence) current = null;
  });
}

/** The ids before and after an image; null at the ends. */
export function neighbours(id) {
  const ids = current?.ids() ?? [];
  const at = ids.indexOf(id);
  if (at < 0) return { before: null, after: null };
  if (at > ids.length - 5) current.more();
  return { before: ids[at - 1] ?? null, after: ids[at + 1] ?? null };
}
