// One public image, large, over the feed; anybody may see it.
import { h } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { keepNoticesInReach } from "../parts/notices.js";
import { neighbours } from "./sequence.js";

/** Show the card of a public image; `cardOf(id)` finds the ones before and after it. */
export function showPublicImage(card, cardOf) {
  const picture = h("img", { class: "public-picture" });
  const name = h("span", { class: "viewer-name" });
  const file = h(
    "a",
    {
      class: "icon-button",
      target: "_blank",
      rel: "noopener",
      title: "Open the picture in a new tab",
      "aria-label": "Open the picture in a new tab",
    },
    icon("link"),
  );
  const step = (id) => {
    const next = id && cardOf(id);
    if (next) draw(next);
  };
  const before = button("back", "Previous image", "step is-before", () => step(neighbours(card.id).before));
  const after = button("forward", "Next image", "step is-after", () => step(neighbours(card.id).after));
  const dialog = h(
    "dialog",
    { class: "viewer is-public", "aria-label": "Public image", onkeydown: keys },
    h(
      "div",
      { class: "viewer-main" },
      h(
        "div",
        { class: "viewer-bar" },
        button("back", "Back to the feed (Escape)", "icon-button", () => dialog.close()),
        name,
        file,
      ),
      h("div", { class: "stage" }, picture, before, after),
    ),
  );

  function draw(next) {
    card = next;
    picture.src = `${card.public_url}/display`;
    picture.alt = name.textContent = card.alt_text || "Image without a description";
    file.href = card.public_url;
    const around = neighbours(card.id);
    before.hidden = !around.before;
    after.hidden = !around.after;
  }

  function keys(event) {
    if (event.key === "ArrowLeft") step(neighbours(card.id).before);
    if (event.key === "ArrowRight") step(neighbours(card.id).after);
  }

  draw(card);
  dialog.addEventListener("close", () => {
    dialog.remove();
    keepNoticesInReach();
  });
  document.body.append(dialog);
  dialog.showModal();
  keepNoticesInReach();
}

function button(drawn, label, kind, act) {
  return h("button", { type: "button", class: kind, "aria-label": label, title: label, onclick: act }, icon(drawn));
}
