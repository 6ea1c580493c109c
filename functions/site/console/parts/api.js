// Calls to the store's API, with the token of who is signed in.
import { endSession } from "../frame/auth.js";
import { tellReached, tellUnreachable } from "../frame/offline.js";
import { underWay } from "../frame/under-way.js";
import { authorized } from "./authorized.js";
import { ApiError } from "./errors.js";

const MERGE_PATCH = "application/merge-patch+json";
const MOST_SEEN = 60; // answers
const OF_NOW = /health/; // an old answer would be wrong

const seen = new Map(); // address → its last answer, for when the store cannot be reached; the oldest go first

/**
 * Call a route. `query` leaves out what is empty, and repeats what is a list. What `isBackground` is shown nowhere
 * while it takes its time. When the store cannot be reached, a GET answers what it answered last.
 * Throws ApiError for every answer that is not a success, and AbortError when the signal ends it.
 */
export async function call(method, path, { query = {}, json, body, headers = {}, signal, isBackground = false } = {}) {
  const sent = { ...headers };
  if (json !== undefined) sent["Content-Type"] ??= "application/json";
  const address = path + queryString(query);
  const request = { method, headers: sent, body: json === undefined ? body : JSON.stringify(json), signal };
  try {
    const answer = await reach(
      () => askedEarly(method, address, request) ?? authorized(address, request),
      async (response) => ({
        status: response.status,
        etag: response.headers.get("ETag"),
        retryAfter: Number(response.headers.get("Retry-After")) || null,
        text: await response.text(),
      }),
      { signal, isBackground },
    );
    if (method === "GET" && !OF_NOW.test(address)) remember(address, answer);
    return parsed(answer);
  } catch (error) {
    if (error.status === 0 && method === "GET" && seen.has(address)) return parsed(seen.get(address));
    throw error;
  }
}

const parsed = ({ text, ...answer }) => ({ ...answer, data: text ? JSON.parse(text) : null });

function remember(address, answer) {
  seen.delete(address);
  seen.set(address, answer);
  if (seen.size > MOST_SEEN) seen.delete(seen.keys().next().value);
}

/** What `read` makes of the response to a request; ApiError for one that is no success, or that does not come. */
async function reach(ask, read, { signal, isBackground = false } = {}) {
  const ended = isBackground ? () => null : underWay();
  try {
    const response = await ask();
    signal?.throwIfAborted();
    tellReached();
    if (!response.ok) throw refusal(response.status, await response.text(), response.headers.get("Retry-After"));
    return await read(response);
  } catch (failure) {
    if (failure.name === "AbortError" || failure instanceof ApiError) throw failure;
    tellUnreachable();
    throw new ApiError({});
  } finally {
    ended();
  }
}

/** The answer to what the page itself has asked for, once; undefined if there is none. A refused token is renewed. */
function askedEarly(method, address, request) {
  const answer = method === "GET" ? window.early?.[address] : undefined;
  if (!answer) return undefined;
  delete window.early[address];
  return answer.then((early) => (early.status === 401 ? authorized(address, request) : early));
}

/** The error that an answer's status and text mean. */
export function refusal(status, text, retryAfter = null) {
  if (status === 401) endSession();
  let said = {};
  try {
    said = JSON.parse(text) ?? {};
  } catch {
    // The gateway may answer without JSON.
  }
  return new ApiError({
    status,
    code: said.code ?? null,
    detail: said.detail ?? null,
    faults: said.errors ?? [],
    requestId: said.request_id,
    existingId: said.existing_id,
    retryAfter: Number(retryAfter) || null,
  });
}

export function queryString(query) {
  const pairs = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const told = new URLSearchParams(
    pairs.filter(([, value]) => value !== null && value !== undefined && value !== ""),
  ).toString();
  return told ? `?${told}` : "";
}

const image = (id) => `/v1/images/${encodeURIComponent(id)}`;

export const listImages = (query, signal) =>
  call("GET", "/v1/images", { query, signal }).then((answer) => answer.data);
export const timelinePage = (query, signal) =>
  call("GET", "/v1/timeline", { query, signal }).then((answer) => answer.data);
export const searchImages = (query, signal) =>
  call("GET", "/v1/search", { query, signal }).then((answer) => answer.data);
export const publicFeed = (query, signal) => call("GET", "/v1/feed", { query, signal }).then((answer) => answer.data);
export const similarImages = (id, signal) =>
  call("GET", `${image(id)}/similar`, { signal }).then((answer) => answer.data);

/** An image with its validator. */
export async function getImage(id, signal) {
  const { data, etag } = await call("GET", image(id), { signal });
  return { image: data, etag };
}

/** Change an image, unless somebody else did since `etag`. */
export async function patchImage(id, etag, changes) {
  const { data, etag: next } = await call("PATCH", image(id), {
    json: changes,
    headers: { "Content-Type": MERGE_PATCH, ...(etag ? { "If-Match": etag } : {}) },
  });
  return { image: data, etag: next };
}

export const trashImage = (id) => call("DELETE", image(id));
export const deleteForGood = (id) => call("DELETE", image(id), { query: { permanent: "true" } });
export const restoreImage = (id) => call("POST", `${image(id)}/restore`).then((answer) => answer.data);
export const deleteMany = (json) => call("POST", "/v1/images/batch-delete", { json }).then((answer) => answer.data);

/**
 * The bytes of an image or of a rendition; storage gets no token, as a redirect elsewhere drops it. Past the cache:
 * what an <img> left there came without the header that lets a script read it.
 */
export function content(id, rendition, signal) {
  const address = `${image(id)}/content${queryString({ rendition })}`;
  const request = { cache: "no-store", signal };
  return reach(() => authorized(address, request), (response) => response.blob(), { signal });
}
