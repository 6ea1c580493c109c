// Thumbnails are square crops. What is looked at for a moment is replaced by the whole picture, at a modest size,
// a few at a time, and not on a connection that is slow or counted.
import { content, getImage } from "../parts/api.js";
import { isThrifty } from "../parts/connection.js";
import { settings } from "../frame/settings.js";

const MOMENT = 350;
const AT_ONCE = 3;
const SQUARE_ENOUGH = 1.12;
const THUMB_PIXELS = 300;
const MODEST = "w640"; // made when it is first asked for, which takes a while
const MODEST_BYTES = 300_000;
const MOST_REMEMBERED = 200;

const waiting = new WeakMap(); // item -> its timer
const queue = [];
let running = 0;

const looked = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    clearTimeout(waiting.get(target));
    if (isIntersecting)
      waiting.set(
        target,
        setTimeout(() => enqueue(target), MOMENT),
      );
  }
});

const pending = new WeakMap();
const shown = new Map(); // id -> the address of its whole picture, the longest unseen first

/** Replace the thumbnail in `picture` by the whole picture when its item is looked at, or at once if it was before. */
export function whenLookedAt(item, picture, card) {
  if (shown.has(card.id)) return void show(picture, card.id, shown.get(card.id)).catch(() => {});
  if (isThrifty()) return;
  pending.set(item, { picture, card });
  looked.observe(item);
}

function enqueue(item) {
  const known = pending.get(item);
  if (!known || !item.isConnected) return;
  const { width, height } = item.getBoundingClientRect();
  const ratio = Math.max(known.card.width / known.card.height, known.card.height / known.card.width);
  looked.unobserve(item);
  if (ratio < SQUARE_ENOUGH && Math.max(width, height) * devicePixelRatio <= THUMB_PIXELS * 1.3) return;
  queue.push(item);
  next();
}

async function next() {
  if (running >= AT_ONCE || !queue.length) return;
  const item = queue.shift();
  const { picture, card } = pending.get(item);
  pending.delete(item);
  if (!item.isConnected) return void next();
  running += 1;
  try {
    await show(picture, card.id, await wholePicture(card));
  } catch {
    // The crop stays.
  }
  running -= 1;
  next();
}

async function wholePicture(card) {
  const isMadeOnRequest = settings.presets.includes(MODEST);
  if (card.public_url) return `${card.public_url}/${isMadeOnRequest ? MODEST : "display"}`;
  const { display } = (await getImage(card.id)).image.renditions;
  if (display.size_bytes <= MODEST_BYTES || !isMadeOnRequest) return display.url;
  return URL.createObjectURL(await content(card.id, MODEST));
}

async function show(picture, id, url) {
  remember(id, url);
  const whole = new Image();
  whole.src = url;
  await whole.decode();
  picture.src = url;
}

/** A tile that comes back shows its whole picture without asking again. */
function remember(id, url) {
  shown.delete(id);
  shown.set(id, url);
  if (shown.size <= MOST_REMEMBERED) return;
  const [oldest, address] = shown.entries().next().value;
  shown.delete(oldest);
  if (address.startsWith("blob:")) URL.revokeObjectURL(address);
}
