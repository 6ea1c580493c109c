// The public feed: what people chose to show to everybody.
import { publicFeed } from "../parts/api.js";
import { h } from "../parts/dom.js";
import { showPublicImage } from "./feed-viewer.js";
import { gallery } from "./gallery.js";
import { nothing } from "../parts/screen-head.js";

export function showFeed(root, { signal }) {
  const cards = new Map();
  const load = async ({ cursor }) => {
    const page = await publicFeed({ limit: 50, cursor }, signal);
    page.items.forEach((card) => cards.set(card.id, card));
    return page;
  };
  const open = (event) => {
    const card = cards.get(event.target.closest(".tile")?.dataset.id);
    // The browser itself opens a new tab.
    if (!card?.public_url || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    showPublicImage(card, (id) => cards.get(id));
  };
  root.append(
    h(
      "header",
      { class: "screen-head" },
      h(
        "div",
        {},
        h("h1", { tabindex: "-1" }, "Public feed"),
        h("p", { class: "fine" }, "Everybody sees these images, signed in or not."),
      ),
    ),
    h(
      "div",
      { onclick: open },
      gallery({
        label: "Public images",
        signal,
        byMonth: false,
        selects: null, // These are not one's own.
        hrefOf: (card) => card.public_url ?? card.thumb_url,
        load,
        empty: () =>
          nothing("feed", "Nothing is public yet", "Images appear here when their owner makes them public."),
      }),
    ),
  );
}
