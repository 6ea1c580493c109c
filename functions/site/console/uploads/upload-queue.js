// The files that are being sent, whatever screen is shown.
import { loadLate } from "../frame/router.js";
import { tell } from "../parts/events.js";

const AT_ONCE = 3;

/** `{file, state: waiting|sending|done|failed, part, what, image, error}`; "uploads" is told at each change. */
export const uploads = [];

/** Send files with these attributes, each in its turn. */
export function enqueueFiles(files, attributes) {
  for (const file of files)
    uploads.push({
      file,
      attributes,
      key: crypto.randomUUID(),
      state: "waiting",
      part: 0,
      what: "Waiting",
      image: null,
      error: null,
    });
  changed();
  next();
}

/** Send what failed once more; the store recognises it by its key. */
export function retry(upload) {
  // An answer that is final is kept under the key; another try after it is another request.
  if (!upload.error?.mayPass) upload.key = crypto.randomUUID();
  Object.assign(upload, { state: "waiting", part: 0, what: "Waiting", error: null });
  changed();
  next();
}

/** Take an upload off the list, and stop it if it runs. */
export function dismiss(upload) {
  upload.ending?.abort();
  const at = uploads.indexOf(upload);
  if (at >= 0) uploads.splice(at, 1);
  changed();
}

export const isBusy = () => uploads.some(({ state }) => state === "waiting" || state === "sending");

function next() {
  const running = uploads.filter(({ state }) => state === "sending").length;
  const upload = uploads.find(({ state }) => state === "waiting");
  if (!upload || running >= AT_ONCE) return;
  run(upload).finally(next);
  next();
}

async function run(upload) {
  upload.state = "sending";
  upload.ending = new AbortController();
  changed();
  try {
    const progress = (part, what) => {
      Object.assign(upload, { part, what });
      changed(upload);
    };
    const send = await loadLate("send"); // A first visit sends nothing.
    upload.image = await send(upload.file, upload.attributes, {
      key: upload.key,
      progress,
      signal: upload.ending.signal,
    });
    Object.assign(upload, { state: "done", part: 1, what: "Stored" });
    tell("image-added", { ...upload.image, thumb_url: upload.image.renditions.thumb?.url });
  } catch (error) {
    if (error.name === "AbortError") return;
    Object.assign(upload, { state: "failed", error, what: "Failed" });
  }
  changed();
}

const changed = (upload = null) => tell("uploads", { upload });

addEventListener("beforeunload", (event) => isBusy() && event.preventDefault());
