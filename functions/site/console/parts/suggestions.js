// What fields suggest: tags, groups, models and providers as the store has them, categories as they were seen here.
import { call } from "./api.js";
import { count, plural, providerName } from "./format.js";
import { seenValues } from "./seen.js";

const FRESH = 60_000; // ms that an answer is used again
const MOST = 8;
const GROUPS = 50; // a page of the route
const MOST_PAGES = 4; // a page may be empty and have another one behind it
const PREFIX_CHARS = 64; // as the route takes them

let answers = {};

/** Ask anew from now on: models or providers were changed. */
export const forgetSuggestions = () => void (answers = {});

/** The answer of `ask` for this name, at most a minute old. */
function recent(name, ask) {
  const known = answers[name];
  if (known && known.until > Date.now()) return known.answer;
  const answer = ask();
  answers[name] = { answer, until: Date.now() + FRESH };
  answer.catch(() => delete answers[name]);
  return answer;
}

const read = (path, query, signal) =>
  call("GET", path, { query, signal, isBackground: true }).then(({ data }) => data);

/** Entries whose value or label has the text, those that begin with it first. */
function matching(entries, text) {
  const searched = text.toLowerCase();
  const place = ({ value, label = value }) => {
    const places = [label, value].map((one) => one.toLowerCase().indexOf(searched)).filter((at) => at >= 0);
    return places.length ? Math.min(...places) : null;
  };
  return entries
    .map((entry) => [place(entry), entry])
    .filter(([at]) => at !== null)
    .sort(([one], [other]) => Math.min(one, 1) - Math.min(other, 1))
    .slice(0, MOST)
    .map(([, entry]) => entry);
}

const images = (number) => plural(number, "image");

/** Tags that begin with the text. */
export async function suggestTags(text, signal) {
  const { items } = await read("/v1/tags", { prefix: text.slice(0, PREFIX_CHARS), limit: MOST }, signal);
  return items.map(({ tag, images: number }) => ({ value: tag, detail: images(number) }));
}

/** Groups as type:id; the store finds them by the beginning of their ids and of each word of their titles. */
export async function suggestGroups(text, signal) {
  const [, type, prefix] = text.match(/^(?:([a-z][a-z0-9_-]*):)?(.*)$/);
  return groups({ type, prefix }, signal);
}

/** Albums alone. */
export const suggestAlbums = (text, signal) => groups({ type: "album", prefix: text }, signal);

async function groups({ type, prefix }, signal) {
  const query = { type, prefix: prefix.slice(0, PREFIX_CHARS), limit: GROUPS };
  const found = [];
  let cursor = null;
  for (let page = 0; page < MOST_PAGES && !found.length && (page === 0 || cursor); page += 1) {
    const { items, next_cursor: next } = await read("/v1/groups", { ...query, cursor }, signal);
    found.push(...items);
    cursor = next;
  }
  return found.map(({ group, title, images: number }) => ({
    value: group,
    label: title ?? group,
    detail: title ? `${group} · ${images(number)}` : images(number),
  }));
}

/** Models that made images of this person. */
export async function suggestModels(text) {
  const { by_model: models } = await recent("models", () => read("/v1/stats", {}));
  const entries = Object.entries(models).map(([name, amount]) => [name, amount.images]);
  entries.sort(([, one], [, other]) => other - one);
  return matching(
    entries.map(([value, number]) => ({ value, detail: count(number) })),
    text,
  );
}

/** Providers that this store knows. */
export async function suggestProviders(text) {
  const { items } = await recent("providers", () => read("/v1/providers", {}));
  return matching(
    items.map(({ provider }) => ({ value: provider, label: providerName(provider) })),
    text,
  );
}

/** Categories that were used or seen on this device. */
export const suggestCategories = async (text) =>
  matching(
    seenValues("category").map((value) => ({ value })),
    text,
  );
