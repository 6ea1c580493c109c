// Copy what shows one image elsewhere, in two presses; a private image gets a share for that.
import { loadLate } from "../frame/router.js";
import { settings } from "../frame/settings.js";
import { copyLater } from "../parts/copy-field.js";
import { h, unique } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { icon } from "../parts/icons.js";
import { notify } from "../parts/notices.js";
import { codeOfPublished, codeOfShared, createShare, isPublished, LIFETIMES, USUAL_LIFETIME } from "./sharing.js";

const WAYS = { link: "Link", markdown: "Markdown", html: "HTML" };
const made = new Map(); // by image and lifetime: copying again makes no other share while this page is open
let lifetime = USUAL_LIFETIME; // as it was chosen last

/** Buttons for an image that is not in the trash; `image` is the whole image as the API answers it. */
export function copyMenu(image) {
  const id = unique("copy");
  const choices = h("div", { id, class: "copy-choices stack", hidden: true }, isPublished(image) ? null : lasting());
  choices.append(
    h(
      "div",
      { class: "row" },
      Object.entries(WAYS).map(([way, label]) =>
        h("button", { type: "button", class: "button", onclick: () => copy(way, label) }, label),
      ),
    ),
  );
  const toggle = h(
    "button",
    { type: "button", class: "button", "aria-expanded": "false", "aria-controls": id, onclick: open },
    icon("link"),
    "Copy",
  );

  function open() {
    choices.hidden = !choices.hidden;
    toggle.setAttribute("aria-expanded", String(!choices.hidden));
    if (!choices.hidden) choices.querySelector(".row button").focus();
  }

  /** The dialog is in the script of the other screens. */
  async function share() {
    try {
      const openShareDialog = await loadLate("openShareDialog");
      openShareDialog({ images: [image] });
    } catch (error) {
      notify(error.message, { isProblem: true });
    }
  }

  function copy(way, label) {
    const code = isPublished(image) ? Promise.resolve(codeOfPublished(image)) : sharedCode(image);
    return copyLater(
      code.then((texts) => texts[way]),
      { notice: `${label} copied.`, place: choices },
    );
  }

  return h(
    "div",
    { class: "stack" },
    h(
      "div",
      { class: "row" },
      toggle,
      h("button", { type: "button", class: "button", onclick: share }, icon("plus"), "Share …"),
    ),
    choices,
  );
}

function lasting() {
  return field(
    "Whoever has it sees this private image for",
    (id) =>
      h(
        "select",
        { id, onchange: (event) => (lifetime = event.target.value) },
        Object.entries(LIFETIMES).map(([value, text]) => h("option", { value, selected: value === lifetime }, text)),
      ),
    "It is listed under Shares, where you can revoke it.",
  );
}

/** The texts by a share of the image alone. One that failed is tried again at the next press. */
async function sharedCode(image) {
  const key = `${image.id} ${lifetime}`;
  if (!made.has(key)) {
    const name = (image.title || image.filename || "").slice(0, settings.limits.share_name_chars) || null;
    const share = createShare({ image_id: image.id, expires_in: Number(lifetime), ...(name && { name }) });
    made.set(key, share);
    share.catch(() => made.delete(key));
  }
  return codeOfShared(image, await made.get(key));
}

/** A share was revoked: what it gave is not copied again. */
export async function forgetShare(id) {
  for (const [key, share] of made) if ((await share).id === id) made.delete(key);
}
