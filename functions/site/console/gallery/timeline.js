// The months that an owner has images in, before any of them is loaded, and the bar that reaches each at once.
import { timelinePage } from "../parts/api.js";
import { inMonth } from "../parts/format.js";
import { isWithin, timeOf } from "./part-list.js";

export { scrubber } from "./scrubber.js";

const PERIOD = 200; // images: a longer month is divided at its days, so that its middle can be loaded first

/** All months with images, the newest first: `{month: "2024-03", images, days: {"07": 3}}`. */
export async function readMonths(signal) {
  const months = [];
  let cursor = null;
  do {
    const page = await timelinePage({ cursor }, signal);
    months.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return months;
}

/**
 * Months, or days of a long month, as parts of a gallery. The first has no end and the last no beginning, and between
 * two of them is no gap: an image that is not counted yet is found where it belongs.
 */
export function periodsOf(months) {
  const periods = [];
  let until = null;
  for (const { month, days } of months) {
    const name = inMonth(`${month}-01`);
    const groups = grouped(Object.entries(days).sort(([one], [other]) => (one < other ? 1 : -1)));
    groups.forEach((group, index) => {
      const isLast = index === groups.length - 1;
      const since = Date.parse(isLast ? `${month}-01` : `${month}-${group.first}`);
      const those = groups.length > 1 ? `${name}, ${range(group)}` : name;
      periods.push({ name: those, month: name, key: month, count: group.images, since, until });
      until = since;
    });
  }
  if (periods.length) periods.at(-1).since = null;
  return periods;
}

/** Give a gallery a part for each of these periods; the cards that it has are the first ones of all. */
export function adopt(known, periods) {
  const { cards, items } = known.clear();
  const last = cards.length ? timeOf(cards.at(-1)) : Infinity;
  const made = periods.map((period) => known.begin(period));
  for (const part of made) {
    const own = cards.filter((card) => isWithin(part, timeOf(card)));
    const isPassed = part.since !== null && part.since > last;
    if (own.length || isPassed) known.put(part, own, isPassed ? null : "open");
  }
  for (const part of known.parts) {
    part.take(items);
    if (part.isWhole) continue;
    // What is open continues behind the last card; the cursor was that of the list of all.
    part.query = part.cursor ? { ...part.period(), until: last + 1 } : part.period();
    part.cursor = null;
  }
}

function grouped(days) {
  const groups = [];
  for (const [day, images] of days) {
    const last = groups.at(-1);
    if (!last || last.images + images > PERIOD) groups.push({ first: day, last: day, images });
    else Object.assign(last, { first: day, images: last.images + images });
  }
  return groups;
}

const range = ({ first, last }) => (first === last ? Number(first) : `${Number(first)} to ${Number(last)}`);
