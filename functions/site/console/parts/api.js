// Calls to the store's API, with the token of who is signed in.
import { endSession } from "../frame/auth.js";
import { authorized } from "./authorized.js";
import { ApiError } from "./errors.js";

const MERGE_PATCH = "application/merge-patch+json";

/**
 * Call a route. `query` leaves out what is empty, and repeats what is a list.
 * Throws ApiError for every answer that is not a success, and AbortError when the signal ends it.
 */
export async function call(method, path, { query = {}, json, body, headers = {}, signal } = {}) {
  const sent = { ...headers };
  if (json !== undefined) sent["Content-Type"] ??= "application/json";
  let answer;
  try {
    const address = path + queryString(query);
    const request = { method, headers: sent, body: json === undefined ? body : JSON.stringify(json), signal };
    answer = await (askedEarly(method, address) ?? authorized(address, request));
    signal?.throwIfAborted();
  } catch (failure) {
    if (failure.name === "AbortError") throw failure;
    throw new ApiError({});
  }
  const text = await answer.text();
  const retryAfter = Number(answer.headers.get("Retry-After")) || null;
  if (!answer.ok) throw Object.assign(refusal(answer.status, text), { retryAfter });
  return {
    status: answer.status,
    etag: answer.headers.get("ETag"),
    retryAfter,
    data: text ? JSON.parse(text) : null,
  };
}

/** The answer that the page itself has asked for already, once; undefined if there is none. */
function askedEarly(method, address) {
  const answer = method === "GET" ? window.early?.[address] : undefined;
  if (answer) delete window.early[address];
  return answer;
}

/** The error that an answer's status and text mean. */
export function refusal(status, text) {
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
export async function content(id, rendition, signal) {
  const answer = await authorized(`${image(id)}/content${queryString({ rendition })}`, {
    cache: "no-store",
    signal,
  });
  if (!answer.ok) throw refusal(answer.status, await answer.text());
  return answer.blob();
}
