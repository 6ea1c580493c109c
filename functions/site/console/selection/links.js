// Links for other people: the public ones of what is selected, and shares of it.
import { nameOf } from "../gallery/tile.js";
import { runBatch } from "../parts/batches.js";
import { copyText } from "../parts/copy-field.js";
import { h, unique } from "../parts/dom.js";
import { tellFailures } from "../parts/failures.js";
import { plural } from "../parts/format.js";
import { keepNoticesInReach, notify } from "../parts/notices.js";
import { loadLate } from "../frame/router.js";
import { readingInto } from "./requests.js";

/** Copy the public links, one a line; says how many images have none. */
export async function links({ cards }) {
  const shown = cards.filter(({ visibility }) => visibility !== "private");
  const hidden = cards.length - shown.length;
  const none = hidden ? ` ${plural(hidden, "private image")} ${hidden === 1 ? "has" : "have"} none.` : "";
  if (!shown.length)
    return notify(`No link is copied:${none} Publish or unlist them first, or share them.`, {
      action: ["Share", () => share({ cards })],
    });
  const images = new Map();
  const ids = shown.map(({ id }) => id);
  const label = `Reading the links of ${plural(shown.length, "image")}`;
  const { failed } = await runBatch({ ids, step: readingInto(images), label, size: 1 });
  const found = ids.map((id) => images.get(id)?.public_url).filter(Boolean);
  if (found.length) await copy(found, none);
  if (failed.length) {
    const named = new Map(shown.map((card) => [card.id, card]));
    tellFailures({
      title: `${plural(failed.length, "link")} could not be read`,
      failed,
      nameOf: (id) => nameOf(named.get(id)),
      retry: () => links({ cards }),
    });
  }
}

/** Where the browser lets no script copy, the links stand in a field. */
async function copy(found, none) {
  const text = found.join("\n");
  const notice = `${plural(found.length, "link")} copied.${none}`;
  await copyText(text, { notice, select: () => showText(text, found.length) });
}

function showText(text, number) {
  const [heading, field] = [unique("dialog"), unique("links")];
  const area = h("textarea", { id: field, readonly: true, rows: 8, "aria-labelledby": heading, value: text });
  const dialog = h(
    "dialog",
    { class: "dialog is-wide", "aria-labelledby": heading },
    h("h2", { id: heading }, plural(number, "link")),
    area,
    h(
      "div",
      { class: "row is-end" },
      h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Close"),
    ),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    keepNoticesInReach();
  });
  document.body.append(dialog);
  dialog.showModal();
  keepNoticesInReach();
  area.select();
}

/** Share what is selected, for a while. */
export async function share({ cards }) {
  const openShareDialog = await loadLate("openShareDialog");
  openShareDialog({ images: cards });
}
