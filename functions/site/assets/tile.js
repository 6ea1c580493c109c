// One image in a grid: its colours first, its thumbnail when it comes near, its whole picture once it is looked at.
import { paintBlurhash } from "./blurhash.js";
import { h } from "./dom.js";
import { kindName, visibilityName } from "./format.js";
import { icon } from "./icons.js";
import { whenLookedAt } from "./whole-pictures.js";

const NARROWEST = 0.5;
const WIDEST = 3;

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    if (!target.closest(".is-loaded")) paintBlurhash(target, target.dataset.hash);
  }
}, { rootMargin: "600px" });

/** The list item of a card. */
export function tile(card, { href }) {
  const ratio = Math.min(WIDEST, Math.max(NARROWEST, card.width / card.height || 1));
  const name = card.alt_text || card.filename || `${kindName(card.kind)} without a description`;
  const blur = h("canvas", { "aria-hidden": "true", dataset: { hash: card.placeholder?.blurhash ?? "" } });
  const picture = h("img", { src: card.thumb_url, alt: name, loading: "lazy", decoding: "async", draggable: "false" });
  const frame = h("a", { href, style: { "--color": card.placeholder?.color ?? "" } }, blur, picture, badge(card));
  const item = h("li", { class: "tile", style: { "--ratio": ratio.toFixed(4) }, dataset: { id: card.id } }, frame);
  const loaded = () => { item.classList.add("is-loaded"); near.unobserve(blur); blur.remove(); };
  picture.addEventListener("load", loaded, { once: true });
  picture.addEventListener("error", () => item.classList.add("is-broken"), { once: true });
  near.observe(blur);
  whenLookedAt(item, picture, card);
  return item;
}

function badge(card) {
  if (!card.visibility || card.visibility === "private") return null;
  return h("span", { class: "badge" }, icon(card.visibility === "public" ? "feed" : "link"), h("span", { class: "unseen" }, visibilityName(card.visibility)));
}
