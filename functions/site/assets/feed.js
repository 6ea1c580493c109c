// The public feed: what people chose to show to everybody.
import { publicFeed } from "./api.js";
import { h } from "./dom.js";
import { gallery } from "./gallery.js";
import { nothing } from "./images.js";

export function showFeed(root, { signal }) {
  root.append(
    h("header", { class: "screen-head" }, h("div", {}, h("h1", { tabindex: "-1" }, "Public feed"), h("p", { class: "fine" }, "Everybody sees these images, signed in or not."))),
    gallery({
      label: "Public images",
      signal,
      byMonth: false,
      hrefOf: (card) => card.public_url ?? card.thumb_url,
      load: (cursor) => publicFeed({ limit: 50, cursor }, signal),
      empty: () => nothing("feed", "Nothing is public yet", "Images appear here when their owner makes them public."),
    }));
}
