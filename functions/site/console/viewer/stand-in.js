// What is shown of an image until its picture is there: that of its tile, if it is the whole one, or else its colours.
import { paintBlurhash } from "../gallery/blurhash.js";
import { h } from "../parts/dom.js";

const SAME = 0.06; // of the ratio: a tile may show a square crop

/** The picture of the tile under the view, without a name; null if it is not loaded, or cropped. */
export function tilePicture(id) {
  const tile = document.querySelector(`.tile[data-id="${CSS.escape(id)}"] img`);
  if (!tile?.naturalWidth || !tile.offsetHeight) return null;
  const ratio = tile.naturalWidth / tile.naturalHeight;
  if (Math.abs((ratio * tile.offsetHeight) / tile.offsetWidth - 1) > SAME) return null;
  return frame(ratio, h("img", { class: "stage-blur", src: tile.currentSrc, alt: "" }));
}

/** The frame of a picture with what stands in for it. */
export function frame(ratio, standIn, ...rest) {
  return h("div", { class: "stage-frame", style: { "--ratio": String(ratio) } }, standIn, rest);
}

/** The colours of an image, or what is on its stage already. */
export function standInOf(image, stage) {
  const shown = stage.querySelector("img.stage-blur");
  if (shown) return shown;
  const blur = h("canvas", { class: "stage-blur", "aria-hidden": "true" });
  paintBlurhash(blur, image.placeholder?.blurhash);
  return blur;
}
