// HEIC pictures, as phones take them, become JPEGs: by the browser where it can read them, else by a library that is
// loaded with the first of them. One at a time, as a picture of 48 megapixels takes 200 MB while it is open.
import { ApiError } from "../parts/errors.js";

const QUALITY = 0.92; // as in heif-worker.js
const IDLE = 10_000; // ms after which the library's memory is given back

let line = Promise.resolve();
let worker = null;
let policy = null; // what the browser wants to see before it starts a script by its address
let idle = 0;

/** A HEIC file as a JPEG; throws where it cannot be read, and ApiError where the library cannot be loaded. */
export function toJpeg(file, { signal }) {
  const jpeg = line.then(() => {
    signal.throwIfAborted();
    return byTheBrowser(file).then((done) => done ?? byTheLibrary(file, signal));
  });
  line = jpeg.catch(() => null);
  return jpeg;
}

/** Safari reads HEIC; null elsewhere. */
async function byTheBrowser(file) {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return null;
  try {
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext("2d", { alpha: false, colorSpace: "display-p3" }).drawImage(picture, 0, 0);
    return await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  } finally {
    picture.close();
  }
}

function byTheLibrary(file, signal) {
  clearTimeout(idle);
  worker ??= startWorker();
  return new Promise((resolve, reject) => {
    const stop = () => end(reject, signal.reason, { isOver: true });
    function end(settle, value, { isOver = false } = {}) {
      signal.removeEventListener("abort", stop);
      worker.onmessage = worker.onerror = null;
      if (isOver) endWorker();
      else idle = setTimeout(endWorker, IDLE);
      settle(value);
    }
    signal.addEventListener("abort", stop);
    worker.onmessage = ({ data }) => {
      if (data.jpeg) end(resolve, data.jpeg);
      else end(reject, data.isUnreachable ? new ApiError({}) : new Error(data.problem), { isOver: true });
    };
    worker.onerror = (event) => {
      event.preventDefault();
      end(reject, new ApiError({}), { isOver: true });
    };
    worker.postMessage(file);
  });
}

/** The program beside this script, of the same version. */
function startWorker() {
  const address = new URL("heif-worker.js", import.meta.url);
  address.search = new URL(import.meta.url).search;
  policy ??= window.trustedTypes?.createPolicy("heif-worker", { createScriptURL: () => address.href });
  return new Worker(policy ? policy.createScriptURL("") : address.href);
}

function endWorker() {
  clearTimeout(idle);
  worker?.terminate();
  worker = null;
}
