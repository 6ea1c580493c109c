// The images beside the one that is looked at: their records and pictures are at hand before somebody asks.
import { call, getImage } from "../parts/api.js";
import { isThrifty } from "../parts/connection.js";
import { listen } from "../parts/events.js";

const FRESH_MS = 60_000;
const MOST_KEPT = 6;

const atHand = new Map(); // id -> {answer: a promise of the image and its validator, at}

// What was changed elsewhere is asked for anew.
for (const name of ["image-left", "image-changed", "image-removed", "screen"]) listen(name, () => atHand.clear());

/** The rendition that is looked at: as large as they are made with the image, and never the square one. */
export const shownRendition = ({ renditions }) => renditions.display ?? renditions.thumb;

/** An image with its validator; at once if it was preloaded, which is good for one time. */
export async function readImage(id, signal) {
  const kept = atHand.get(id);
  atHand.delete(id);
  const known = kept && Date.now() - kept.at < FRESH_MS ? await kept.answer : null;
  return known ?? getImage(id, signal);
}

/** Have images at hand, one after the other; not on a network that is slow or counted. */
export async function preload(ids, signal) {
  for (const id of ids) {
    if (signal.aborted || isThrifty() || !id || atHand.has(id)) continue;
    const answer = readAhead(id).catch(() => null); // Opening it asks again, and says why it fails.
    atHand.set(id, { answer, at: Date.now() });
    if (atHand.size > MOST_KEPT) atHand.delete(atHand.keys().next().value);
    const found = await answer;
    if (found && !signal.aborted) await loaded(shownRendition(found.image)?.url);
  }
}

async function readAhead(id) {
  const { data, etag } = await call("GET", `/v1/images/${encodeURIComponent(id)}`, { isBackground: true });
  return { image: data, etag };
}

async function loaded(url) {
  const picture = new Image();
  picture.src = url;
  await picture.decode().catch(() => null);
}
