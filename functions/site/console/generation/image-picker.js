// A dialog to choose images of the gallery: found by words or kind, chosen by a click or a key.
import { listImages, searchImages } from "../parts/api.js";
import { fill, h, unique } from "../parts/dom.js";
import { plural } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { keepNoticesInReach } from "../parts/notices.js";
import { problemBox } from "../parts/problem-box.js";

const PAGE = 40;
const TYPED = 300; // ms after the last key before a search begins
const KINDS = [
  ["", "All"],
  ["reference", "References"],
  ["generated", "Generated"],
  ["upload", "Uploads"],
];

/** Ask for at most `most` images; resolves to their cards, or to null if nothing was chosen anew. */
export function pickImages({ chosen, most, title = "Choose reference images" }) {
  return new Promise((resolve) => {
    const ending = new AbortController();
    const heading = unique("picker");
    const picked = new Map(chosen.map((card) => [card.id, card]));
    const list = h("ul", { class: "picker-list", "aria-label": "Images" });
    const foot = h("p", { class: "row picker-more", role: "status" });
    const count = h("p", { class: "fine picker-count", role: "status" });
    const words = h("input", {
      type: "search",
      name: "q",
      placeholder: "Search your images",
      "aria-label": "Search your images",
      autocomplete: "off",
      oninput: later,
    });
    const kind = h(
      "select",
      { "aria-label": "Kind", onchange: begin },
      KINDS.map(([value, label]) => h("option", { value }, label)),
    );
    const use = h("button", { type: "button", class: "button is-main", onclick: () => dialog.close("use") }, "Use");
    const dialog = h(
      "dialog",
      {
        class: "dialog picker",
        "aria-labelledby": heading,
        onkeydown: (event) => event.stopPropagation(), // Keys of the screen below are not meant here.
        onclose: close,
      },
      h("h2", { id: heading }, title),
      h("div", { class: "picker-find" }, words, kind),
      h("div", { class: "picker-frame", tabindex: "-1" }, list, foot),
      h(
        "div",
        { class: "row is-end" },
        count,
        h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"),
        use,
      ),
    );
    let turn = 0,
      timer = 0;

    function later() {
      clearTimeout(timer);
      timer = setTimeout(begin, TYPED);
    }

    /** Show what fits from its first page on. */
    function begin() {
      clearTimeout(timer);
      turn += 1;
      fill(list);
      load(null, turn);
    }

    async function load(cursor, mine) {
      fill(foot, "Loading …");
      const q = words.value.trim();
      const query = { limit: PAGE, cursor, kind: kind.value };
      try {
        const page = await (q ? searchImages({ ...query, q }, ending.signal) : listImages(query, ending.signal));
        if (mine !== turn) return;
        list.append(...page.items.map(item));
        const more = () => load(page.next_cursor, mine);
        fill(
          foot,
          page.next_cursor
            ? h("button", { type: "button", class: "button", onclick: more }, "Show more")
            : !list.children.length && "No image fits.",
        );
        mark();
      } catch (error) {
        if (!ending.signal.aborted && mine === turn) fill(foot, problemBox(error, { retry: () => load(cursor, mine) }));
      }
    }

    function item(card) {
      const box = h("input", {
        type: "checkbox",
        value: card.id,
        checked: picked.has(card.id),
        "aria-label": card.alt_text || card.filename,
        onchange: () => {
          if (box.checked) picked.set(card.id, card);
          else picked.delete(card.id);
          mark();
        },
      });
      return h(
        "li",
        {},
        h(
          "label",
          { class: "reference" },
          box,
          h("img", { src: card.thumb_url, alt: "", loading: "lazy" }),
          h("span", { class: "reference-mark", "aria-hidden": "true" }, icon("check")),
        ),
      );
    }

    /** Say how many are chosen, and offer no more than may be. */
    function mark() {
      count.textContent = `${picked.size} of at most ${most} chosen`;
      use.textContent = picked.size ? `Use ${plural(picked.size, "image")}` : "Use none";
      use.disabled = picked.size > most;
      for (const box of list.querySelectorAll("input")) box.disabled = !box.checked && picked.size >= most;
    }

    function close() {
      ending.abort(new DOMException("The dialog was closed.", "AbortError"));
      clearTimeout(timer);
      dialog.remove();
      keepNoticesInReach();
      resolve(dialog.returnValue === "use" ? [...picked.values()] : null);
    }

    document.body.append(dialog);
    dialog.showModal();
    words.focus();
    keepNoticesInReach();
    begin();
    mark();
  });
}
