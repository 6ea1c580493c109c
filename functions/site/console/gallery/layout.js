// Where pictures stand in a grid: rows as wide as the grid, every picture in its own proportions.

const TALLEST = 1.35; // a row may be this much higher than wanted before it takes another picture

/**
 * Boxes for pictures of these ratios (width to height), and the height of all rows.
 * The last row keeps the wanted height when its pictures do not fill it.
 */
export function layout(ratios, { width, height, gap }) {
  const boxes = [];
  let top = 0;
  let from = 0;
  while (from < ratios.length) {
    const row = rowFrom(ratios, from, { width, height, gap });
    let left = 0;
    for (let index = from; index < row.to; index += 1) {
      const wide = ratios[index] * row.height;
      boxes.push({ left, top, width: wide, height: row.height });
      left += wide + gap;
    }
    top += row.height + gap;
    from = row.to;
  }
  return { boxes, height: Math.max(0, top - gap) };
}

function rowFrom(ratios, from, { width, height, gap }) {
  let sum = 0;
  for (let to = from + 1; to <= ratios.length; to += 1) {
    const before = fitted(sum, to - 1 - from, width, gap);
    sum += ratios[to - 1];
    const now = fitted(sum, to - from, width, gap);
    if (now > height) continue;
    const isBetterWithout = to - 1 > from && before <= height * TALLEST && before - height < height - now;
    return isBetterWithout ? { to: to - 1, height: before } : { to, height: now };
  }
  return { to: ratios.length, height: Math.min(height, fitted(sum, ratios.length - from, width, gap)) };
}

/** How high a row is when so many pictures fill it. */
const fitted = (sum, pictures, width, gap) => (sum ? (width - gap * (pictures - 1)) / sum : Infinity);

/** The boxes between two heights: the first index, and the one behind the last. */
export function between(boxes, above, below) {
  return [firstWhere(boxes, (box) => box.top + box.height > above), firstWhere(boxes, (box) => box.top >= below)];
}

/** The box nearest to one above or below it, as the eye moves; the same index where there is none. */
export function vertical(boxes, at, direction) {
  const box = boxes[at];
  const middle = box.left + box.width / 2;
  const edge =
    direction > 0
      ? firstWhere(boxes, (other) => other.top > box.top)
      : firstWhere(boxes, (other) => other.top >= box.top) - 1;
  if (edge < 0 || edge >= boxes.length) return at;
  const { top } = boxes[edge];
  let best = edge;
  const distance = (index) => Math.abs(boxes[index].left + boxes[index].width / 2 - middle);
  for (let index = edge; boxes[index]?.top === top; index += direction)
    if (distance(index) < distance(best)) best = index;
  return best;
}

/** The first index for which it is true; boxes stand in the order of their tops. */
function firstWhere(boxes, isTrue) {
  let low = 0,
    high = boxes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isTrue(boxes[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
