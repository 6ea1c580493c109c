// Selected images as one ZIP, which is written while it comes: no image is kept longer than it takes to pass it on.
import { makeZip } from "client-zip";
import { nameOf } from "../gallery/tile.js";
import { queryString, refusal } from "../parts/api.js";
import { authorized } from "../parts/authorized.js";
import { h, wait } from "../parts/dom.js";
import { ApiError } from "../parts/errors.js";
import { tellFailures } from "../parts/failures.js";
import { bytes, plural } from "../parts/format.js";
import { notify } from "../parts/notices.js";
import { showProgress } from "../parts/progress.js";
import { uniqueNames } from "./file-names.js";

const AHEAD = 3; // answers that are asked for before their turn
const TRIES = 4;
const PAUSE = 1000; // ms before the second try; twice as long before each later one
const MOST_IN_MEMORY = 1_000_000_000; // bytes, where the browser cannot write to a file
const KEPT = 60_000; // ms that the browser has to save what is in memory

/** Save the originals of the cards, or the rendition `value` of each. */
export async function download({ cards, value: rendition, group }) {
  const name = `${group?.replace(/[^\p{L}\p{N}]+/gu, "-") ?? "images"}-${new Date().toISOString().slice(0, 10)}.zip`;
  const ending = new AbortController();
  const stop = () => ending.abort(new DOMException("Stopped.", "AbortError"));
  const file = await chooseFile(name, cards, rendition);
  if (!file) return;
  const label = `Downloading ${plural(cards.length, "image")}`;
  const progress = showProgress({ label, total: cards.length, stop });
  const failed = [];
  try {
    const entries = entriesOf(cards, { rendition, failed, told: progress.show, signal: ending.signal });
    await file.write(makeZip(entries), ending.signal);
    const saved = cards.length - failed.length;
    notify(saved ? `${plural(saved, "image")} saved as ${name}.` : "No image could be downloaded.");
  } catch (error) {
    if (ending.signal.aborted) notify("The download was stopped. No file was saved.");
    else notify(`The download broke off, and no file was saved. ${error.message}`, { isProblem: true });
    return;
  } finally {
    progress.end();
  }
  if (!failed.length) return;
  const byId = new Map(cards.map((card) => [card.id, card]));
  tellFailures({
    title: `${plural(failed.length, "image")} of ${cards.length} could not be downloaded`,
    failed,
    nameOf: (id) => nameOf(byId.get(id)),
    retry: (ids) => download({ cards: ids.map((id) => byId.get(id)), value: rendition, group }),
  });
}

/** Where the archive goes: a file that a person chooses, or memory; null if they choose none, or it is too much. */
async function chooseFile(name, cards, rendition) {
  if (window.showSaveFilePicker) {
    const types = [{ description: "ZIP archive", accept: { "application/zip": [".zip"] } }];
    const handle = await window.showSaveFilePicker({ suggestedName: name, types }).catch((error) => {
      if (error.name === "AbortError") return null;
      throw error;
    });
    return handle && { write: async (stream, signal) => stream.pipeTo(await handle.createWritable(), { signal }) };
  }
  const size = rendition ? 0 : cards.reduce((sum, card) => sum + card.size_bytes, 0);
  if (size > MOST_IN_MEMORY) {
    const most = bytes(MOST_IN_MEMORY);
    notify(
      `These are ${bytes(size)}. This browser holds an archive in memory: select at most ${most} at once, or use ` +
        "Chrome or Edge, which write it to a file.",
      { isProblem: true },
    );
    return null;
  }
  return {
    async write(stream, signal) {
      const archive = await new Response(stream.pipeThrough(new TransformStream(), { signal })).blob();
      const url = URL.createObjectURL(archive);
      h("a", { href: url, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(url), KEPT);
    },
  };
}

/** The files of the archive; images that cannot be read are left out, and are in `failed` afterwards. */
async function* entriesOf(cards, { rendition, failed, told, signal }) {
  const nameFor = uniqueNames();
  const waiting = [];
  for (let index = 0; index < cards.length; index += 1) {
    while (waiting.length < AHEAD && index + waiting.length < cards.length) {
      const answer = read(cards[index + waiting.length], rendition, signal);
      answer.catch(() => null); // told below
      waiting.push(answer);
    }
    const card = cards[index];
    try {
      const answer = await waiting.shift();
      const type = answer.headers.get("Content-Type") ?? card.content_type;
      yield { name: nameFor(card, type), input: answer, lastModified: new Date(card.created_at) };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failed.push({ id: card.id, message: error.message });
    }
    told(index + 1);
  }
}

/** The bytes of an image, past the cache: what an <img> left there came without the header that lets a script read. */
async function read(card, rendition, signal) {
  const address = `/v1/images/${encodeURIComponent(card.id)}/content${queryString({ rendition })}`;
  for (let tries = 1; ; tries += 1) {
    const answer = await authorized(address, { cache: "no-store", signal }).catch((error) => {
      if (signal.aborted) throw error;
      return null;
    });
    if (answer?.ok) return answer;
    const error = answer ? refusal(answer.status, await answer.text()) : new ApiError({});
    if (!error.mayPass || tries === TRIES) throw error;
    const seconds = Number(answer?.headers.get("Retry-After"));
    await wait(seconds ? seconds * 1000 : PAUSE * 2 ** (tries - 1), signal);
  }
}
