// The reference images of a form: their pictures, and a dialog to choose them.
import { getImage } from "../parts/api.js";
import { fill, h } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { pickImages } from "./image-picker.js";

/**
 * A field with its value in a hidden input `reference_ids`, as ids with commas. `most()` is how many may be chosen;
 * `element`, `ids()` and `set(ids)`.
 */
export function referencesField({ most, signal }) {
  const input = h("input", { type: "hidden", name: "reference_ids", value: "", onchange: draw });
  const list = h("ul", { class: "references", "aria-label": "Chosen reference images" });
  const cards = new Map(); // id -> its card, or null while it is not known
  const choose = h(
    "button",
    { type: "button", class: "button", onclick: pick },
    icon("images"),
    "Choose from your images",
  );
  const element = h(
    "fieldset",
    { class: "stack" },
    h("legend", {}, "Reference images"),
    input,
    list,
    h("p", {}, choose),
  );

  const ids = () => input.value.split(",").filter(Boolean);

  function set(next) {
    input.value = [...new Set(next)].join(",");
    draw();
    input.dispatchEvent(new Event("input", { bubbles: true })); // so that the form counts and keeps it
  }

  function draw() {
    list.hidden = !ids().length;
    fill(
      list,
      ids().map((id) => {
        const picture = h("img", { alt: cards.get(id)?.alt_text ?? "", src: cards.get(id)?.thumb_url ?? "" });
        if (!cards.has(id)) show(id, picture);
        const remove = () => {
          set(ids().filter((one) => one !== id));
          choose.focus();
        };
        return h(
          "li",
          { class: "reference" },
          picture,
          h(
            "button",
            { type: "button", class: "reference-remove", "aria-label": "Remove this reference image", onclick: remove },
            icon("close"),
          ),
        );
      }),
    );
  }

  async function show(id, picture) {
    try {
      const { image } = await getImage(id, signal);
      cards.set(id, { ...image, thumb_url: image.renditions.thumb?.url });
      picture.src = image.renditions.thumb?.url;
      picture.alt = image.alt_text ?? "";
    } catch (error) {
      if (error.status === 404) set(ids().filter((one) => one !== id)); // It was deleted.
    }
  }

  async function pick() {
    const chosen = await pickImages({ chosen: ids().map((id) => cards.get(id) ?? { id }), most: most() });
    if (!chosen) return;
    for (const card of chosen) if (card.thumb_url) cards.set(card.id, card);
    set(chosen.map(({ id }) => id));
  }

  draw();
  return { element, ids, set };
}
