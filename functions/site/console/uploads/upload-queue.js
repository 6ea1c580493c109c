// The files that are being sent, whatever screen is shown. A few at a time; what is not its turn is only a name.
import { isReachable, tellUnreachable } from "../frame/offline.js";
import { wait } from "../parts/dom.js";
import { listen, tell } from "../parts/events.js";
import { prepared } from "./checking.js";
import { send } from "./sending.js";

const AT_ONCE = 3;
const TRIES = 4; // for what may pass; more by hand
const FIRST_PAUSE = 500; // ms before the second try, twice that before the third
const LONGEST_PAUSE = 60_000;
const LOSSES = 3; // connections that may break for one file while the store itself can be reached
const ENDED = new Set(["done", "known", "failed"]);

/**
 * `{file, attributes, state, part, what, image, error}`. States: waiting, sending, done, known (the store has it
 * already), failed. "uploads" is told at each change, with the one that changed if it is one.
 */
export const uploads = [];

let isHeld = false;

export const isPaused = () => isHeld;
export const isBusy = () => uploads.some(({ state }) => !ENDED.has(state));
export const hasEnded = ({ state }) => ENDED.has(state);

/** Send files with these attributes, each in its turn. */
export function enqueueFiles(files, attributes) {
  for (const file of files) uploads.push({ file, attributes, image: null, ...fresh() });
  changed();
  next();
}

const fresh = () => ({ ...waiting(), key: crypto.randomUUID(), losses: 0, error: null, prepared: null });
const waiting = (what = "Waiting") => ({ state: "waiting", part: 0, what });

/** Stop what is being sent, and begin nothing until `resume`; the store recognises what it got by then. */
export function pause() {
  isHeld = true;
  for (const upload of uploads)
    if (upload.state === "sending") {
      upload.ending.abort();
      Object.assign(upload, waiting());
    }
  changed();
}

export function resume() {
  isHeld = false;
  changed();
  next();
}

/** Send what failed once more; `changes` are attributes that are another request. */
export function retry(upload, changes = null) {
  // An answer that is final is kept under the key; another try after it is another request.
  const { key, prepared: file } = upload;
  const isSame = upload.error?.mayPass && !changes;
  Object.assign(upload, fresh(), isSame ? { key, prepared: file } : {});
  upload.attributes = { ...upload.attributes, ...changes };
  changed();
  next();
}

/** Take uploads off the list, and stop those that run. */
export function dismiss(gone) {
  for (const upload of gone) {
    upload.ending?.abort();
    const at = uploads.indexOf(upload);
    if (at >= 0) uploads.splice(at, 1);
  }
  if (!uploads.length) isHeld = false;
  changed();
  next();
}

function next() {
  if (isHeld || !isReachable()) return;
  const running = uploads.filter(({ state }) => state === "sending").length;
  const upload = uploads.find(({ state }) => state === "waiting");
  if (!upload || running >= AT_ONCE) return;
  run(upload).finally(next);
  next();
}

async function run(upload) {
  const ending = new AbortController();
  const { signal } = ending;
  Object.assign(upload, { state: "sending", what: "Checking", ending });
  changed();
  const progress = (part, what) => {
    if (signal.aborted) return;
    Object.assign(upload, { part, what });
    changed(upload);
  };
  try {
    // Converted once: the bytes of another try have to be the same.
    upload.prepared ??= await prepared(upload.file, { progress, signal });
    const image = await patiently(
      () => send(upload.prepared, upload.attributes, { key: upload.key, progress, signal }),
      { progress, signal },
    );
    if (signal.aborted) return;
    Object.assign(upload, { state: "done", part: 1, what: "Stored", image });
    tell("image-added", { ...image, thumb_url: image.renditions.thumb?.url });
  } catch (error) {
    if (signal.aborted) return;
    if (error.status === 0) {
      tellUnreachable();
      upload.losses += 1;
    }
    if (error.status === 0 && upload.losses <= LOSSES) Object.assign(upload, waiting("Waits for the connection"));
    else if (error.code === "duplicate_image")
      Object.assign(upload, { state: "known", part: 1, what: "Already here", error });
    else Object.assign(upload, { state: "failed", error, what: "Failed" });
  }
  if (hasEnded(upload) && !upload.error?.mayPass) upload.prepared = null;
  changed();
}

/** Try again what may pass by itself, with the same key, each time after a longer pause. */
async function patiently(act, { progress, signal }) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      const isRunning = error.code === "idempotency_in_progress"; // a try that was broken off goes on in the store
      if (signal.aborted || error.status === 0 || !(error.mayPass || isRunning) || tries >= TRIES) throw error;
      progress(0, "Tries again shortly");
      const pause = error.retryAfter ? error.retryAfter * 1000 : FIRST_PAUSE * 2 ** (tries - 1);
      await wait(Math.min(pause, LONGEST_PAUSE), signal);
    }
  }
}

const changed = (upload = null) => tell("uploads", { upload });

listen("reached-again", next);
listen("session-begun", () => {
  for (const upload of uploads) if (upload.error?.status === 401) retry(upload);
});
addEventListener("beforeunload", (event) => isBusy() && event.preventDefault());
