// Texts that show an image elsewhere: its address, Markdown, and HTML with every width that the store serves.

const SHOWN_WIDTH = 1280; // CSS pixels; a page with less room shows less

/**
 * `image` has `width`, `height`, `alt_text` and `title`; `addressOf(preset)` is the address of a rendition. `widths`
 * are the presets that keep the whole picture at a width, and `presets` those that may be shown, null for all.
 */
export function embedCode(image, addressOf, { widths, presets = null }) {
  const may = (preset) => !presets || presets.includes(preset);
  const served = widthsOf(image, widths, may);
  const link = addressOf(may("display") ? "display" : (served.at(-1)?.preset ?? presets[0]));
  return { link, markdown: markdown(image, link), html: html(image, link, served, addressOf) };
}

/** What is said to those who cannot see the image. */
const wordsFor = ({ alt_text: alt, title }) => (alt || title || "").replace(/\s+/g, " ").trim();

/** No picture is enlarged: the first preset that is as wide as the picture, or wider, has the picture's own width. */
function widthsOf(image, widths, may) {
  const served = [];
  for (const [preset, width] of Object.entries(widths).sort(([, one], [, other]) => one - other)) {
    if (!may(preset)) continue;
    served.push({ preset, width: Math.min(width, image.width) });
    if (width >= image.width) break;
  }
  return served;
}

/** Every character that CommonMark gives a meaning is escaped, so words stay words. */
function markdown(image, link) {
  return `![${wordsFor(image).replace(/[!-/:-@[-`{-~]/g, "\\$&")}](${link})`;
}

function html(image, link, served, addressOf) {
  const shown = Math.min(SHOWN_WIDTH, image.width);
  const middle = served.find(({ width }) => width >= shown) ?? served.at(-1);
  const attributes = {
    src: middle ? addressOf(middle.preset) : link,
    ...(served.length > 1 && {
      srcset: served.map(({ preset, width }) => `${addressOf(preset)} ${width}w`).join(", "),
      sizes: `(max-width: ${shown}px) 100vw, ${shown}px`,
    }),
    alt: wordsFor(image),
    width: shown,
    height: Math.round((shown * image.height) / image.width),
    loading: "lazy",
    style: "max-width: 100%; height: auto",
  };
  const written = Object.entries(attributes).map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return `<img ${written.join(" ")}>`;
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text) => text.replace(/[&<>"]/g, (character) => ENTITIES[character]);
