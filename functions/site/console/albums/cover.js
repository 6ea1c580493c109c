// Chooses the cover of a group among its images.
import { listImages } from "../parts/api.js";
import { fill, h, unique } from "../parts/dom.js";
import { keepNoticesInReach, notify } from "../parts/notices.js";
import { problemBox } from "../parts/problem-box.js";
import { changeGroup } from "./groups-api.js";
import { nameOf } from "./names.js";

const PAGE = 60;

/** Show the images of a group; the one that is pressed becomes its cover. */
export function chooseCover(group, changed) {
  const heading = unique("cover");
  const ending = new AbortController();
  const list = h("ul", { class: "cover-choices" });
  const more = h("p", { class: "row" }, "Loading …");
  const dialog = h(
    "dialog",
    { class: "dialog is-cover", "aria-labelledby": heading },
    h("h2", { id: heading }, `Cover of “${nameOf(group)}”`),
    list,
    more,
    h(
      "div",
      { class: "row is-end" },
      h("button", { type: "button", class: "button", onclick: () => choose(null) }, "Use the newest image"),
      h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"),
    ),
  );
  dialog.addEventListener("close", () => {
    ending.abort(new DOMException("The dialog was closed.", "AbortError"));
    dialog.remove();
    keepNoticesInReach();
  });
  document.body.append(dialog);
  dialog.showModal();
  keepNoticesInReach();
  load(null);

  async function load(cursor) {
    try {
      const page = await listImages({ group: group.group, limit: PAGE, cursor }, ending.signal);
      list.append(...page.items.map(entry));
      if (!list.children.length) fill(more, "There is no image here yet.");
      else
        fill(
          more,
          page.next_cursor &&
            h(
              "button",
              { type: "button", class: "button", onclick: () => load(page.next_cursor) },
              "Show older images",
            ),
        );
    } catch (error) {
      if (!ending.signal.aborted) fill(more, problemBox(error, { retry: () => load(cursor) }));
    }
  }

  function entry(card) {
    const isChosen = group.cover?.id === card.id;
    const name = card.alt_text || card.filename;
    return h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          "aria-pressed": String(isChosen),
          style: { "--color": card.placeholder?.color ?? "" },
          onclick: () => choose(card.id),
        },
        h("img", { src: card.thumb_url, alt: name, loading: "lazy", decoding: "async" }),
      ),
    );
  }

  async function choose(id) {
    try {
      const now = await changeGroup(group.group, { cover_image_id: id });
      dialog.close();
      changed(now);
      notify(id ? "The cover is chosen." : "The cover is the newest image.");
    } catch (error) {
      notify(error.message, { isProblem: true });
    }
  }
}
