// Sending one file: through the API when it is small, straight to storage when it is not.
import { call, queryString, refusal } from "../parts/api.js";
import { authorization } from "../parts/authorized.js";
import { wait } from "../parts/dom.js";
import { ApiError } from "../parts/errors.js";
import { settings } from "../frame/settings.js";

const LONGEST_WAIT = 10 * 60_000;
const SILENCE = 60_000; // ms without a sign after which a connection counts as broken

/**
 * Send a file and answer its image. `progress(part, what)` is told from 0 to 1; `key` makes a repeat harmless.
 * `attributes` are those of an upload, tags and groups as lists.
 */
export async function send(file, attributes, { key, progress, signal }) {
  return file.size <= settings.limits.request_bytes
    ? throughTheApi(file, attributes, { key, progress, signal })
    : straightToStorage(file, attributes, { key, progress, signal });
}

async function throughTheApi(file, { tags, groups, ...others }, { key, progress, signal }) {
  const query = queryString({ ...others, filename: file.name, tag: tags, group: groups });
  const text = await transfer(
    "POST",
    `/v1/images${query}`,
    file,
    { ...(await authorization()), "Content-Type": file.type, "Idempotency-Key": key },
    { progress, signal },
  );
  return JSON.parse(text);
}

async function straightToStorage(file, { groups, ...others }, { key, progress, signal }) {
  progress(0, "Checking");
  const announced = {
    ...others,
    groups: byType(groups),
    filename: file.name,
    content_type: file.type,
    size_bytes: file.size,
    sha256: await sha256(file),
  };
  const { status, data: ticket } = await call("POST", "/v1/uploads", {
    json: announced,
    headers: { "Idempotency-Key": key },
    signal,
  });
  if (status === 200) return ticket; // the store has it already
  const { method, url, headers } = ticket.upload;
  // 412: an earlier try has brought the bytes, and the link stores them once.
  await transfer(method, url, file, headers, { progress, signal }).catch((error) => {
    if (error.status !== 412) throw error;
  });
  return completed(ticket.id, { progress, signal });
}

async function completed(id, { progress, signal }) {
  progress(1, "Storing");
  const until = Date.now() + LONGEST_WAIT;
  while (Date.now() < until) {
    const { status, data, retryAfter } = await call("POST", `/v1/uploads/${encodeURIComponent(id)}/complete`, {
      signal,
    });
    if (status !== 202) return data;
    await wait((retryAfter ?? 2) * 1000, signal);
  }
  throw new ApiError({ status: 503, code: "deadline_exceeded" });
}

/** XMLHttpRequest, as fetch does not tell how much was sent. */
function transfer(method, url, body, headers, { progress, signal }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    let silence = 0;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENCE);
    };
    request.open(method, url);
    // The browser sets the length itself, and to the same number.
    for (const [name, value] of Object.entries(headers))
      if (!/^(content-length|host)$/i.test(name)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      heard();
      if (event.lengthComputable)
        progress(event.loaded / event.total, event.loaded < event.total ? "Sending" : "Storing");
    });
    request.addEventListener("load", () => {
      const status = url.startsWith("/") || request.status !== 401 ? request.status : 403;
      if (request.status < 300) resolve(request.responseText);
      else reject(refusal(status, request.responseText, request.getResponseHeader("Retry-After")));
    });
    request.addEventListener("error", () => reject(new ApiError({})));
    request.addEventListener("abort", () =>
      reject(signal.aborted ? new DOMException("The upload was stopped.", "AbortError") : new ApiError({})),
    );
    const stop = () => request.abort();
    signal.addEventListener("abort", stop);
    request.addEventListener("loadend", () => {
      clearTimeout(silence);
      signal.removeEventListener("abort", stop);
    });
    heard();
    request.send(body);
  });
}

let hashing = Promise.resolve();

/** One file at a time, as each is in memory as a whole. */
function sha256(file) {
  const hash = hashing.then(() => hashNow(file));
  hashing = hash.catch(() => null);
  return hash;
}

async function hashNow(file) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function byType(groups) {
  const told = {};
  for (const name of groups ?? []) (told[name.split(":")[0]] ??= []).push(name.slice(name.indexOf(":") + 1));
  return told;
}
