// One image, large, with all that is known of it; over the gallery it was opened from.
import { content, getImage, patchImage } from "../parts/api.js";
import { button } from "./buttons.js";
import { details } from "./details.js";
import { fill, h, isTyping } from "../parts/dom.js";
import { draftOf } from "../parts/drafts.js";
import { draftName } from "./draft-name.js";
import { listen, tell } from "../parts/events.js";
import { icon } from "../parts/icons.js";
import { keepNoticesInReach, notify } from "../parts/notices.js";
import { preload, readImage } from "./preload.js";
import { problemBox } from "../parts/problem-box.js";
import { go, leaveViewer, loadLate } from "../frame/router.js";
import { remember } from "../parts/seen.js";
import { removals } from "./removal.js";
import { neighbours } from "../gallery/sequence.js";
import { tilePicture } from "./stand-in.js";
import { zoomable } from "./zoom.js";

const ZOOM_STEP = 1.5;
const PAN_STEP = 0.2; // of the stage
const SIDES = [
  ["before", "Previous image", "back"],
  ["after", "Next image", "forward"],
];
const PANS = {
  ArrowLeft: [-PAN_STEP, 0],
  ArrowRight: [PAN_STEP, 0],
  ArrowUp: [0, -PAN_STEP],
  ArrowDown: [0, PAN_STEP],
};

/** Open an image; answers what closes the view without touching the address. */
export function openViewer(id) {
  const ending = new AbortController();
  const { signal } = ending;
  const stage = h("div", { class: "stage" });
  const panel = h(
    "div",
    { class: "facts", id: "facts", tabindex: "-1" },
    h("h1", { class: "unseen" }, "Image"),
    h("p", { class: "gallery-status" }, "Loading …"),
  );
  const tools = h("div", { class: "viewer-tools" });
  const heading = h("span", { class: "viewer-name" });
  const bar = h(
    "div",
    { class: "viewer-bar" },
    button("back", "Back to the images (Escape)", leaveViewer),
    heading,
    tools,
  );
  const dialog = h(
    "dialog",
    {
      class: "viewer",
      "aria-label": "Image",
      onkeydown: keys,
      oncancel: (event) => {
        event.preventDefault();
        leaveViewer();
      },
    },
    h("div", { class: "viewer-main" }, bar, stage),
    panel,
  );
  const { remove, restore, removeForGood } = removals(id, { visibility: () => image.visibility, gone });
  let image = null,
    etag = null,
    zoom = null;

  async function load() {
    try {
      ({ image, etag } = await readImage(id, signal));
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === 404) fill(stage);
      const said =
        error.status === 404
          ? Object.assign(error, { message: "There is no such image. It may have been deleted." })
          : error;
      return fill(panel, h("h1", {}, "Image"), problemBox(said, { retry: load }));
    }
    if (signal.aborted) return;
    remember("category", image.category);
    document.title = `${nameOf(image)} · Image store`;
    zoom = zoomable(stage, image, { signal, original: () => content(id, null, signal), step: stepTo });
    beside();
    listen("images-loaded", beside, signal);
    draw();
    if (draftOf(draftName(image))) edit();
  }

  function draw() {
    heading.textContent = image.title || image.filename || "";
    const isTrashed = image.status === "trashed";
    fill(
      tools,
      button("plus", "Zoom in (+)", () => zoom.by(ZOOM_STEP)),
      button("minus", "Zoom out (-)", () => zoom.by(1 / ZOOM_STEP)),
      button("compare", "Compare with the next image (c)", compare, { class: "icon-button compare-button" }),
      button("play", "Slideshow (s)", show),
      !isTrashed && button("edit", "Edit (e)", () => edit()),
      button("download", "Download the original (d)", download),
      isTrashed && button("restore", "Restore", restore),
      isTrashed ? button("trash", "Delete for good", removeForGood) : button("trash", "Move to trash (Delete)", remove),
    );
    fill(panel, details(image, { publish, edit, signal }));
    offerCompare();
  }

  /** What is beside it, as soon as it is known: a button for each side, and its picture at hand. */
  function beside() {
    const sides = neighbours(id);
    for (const [side, label, drawn] of SIDES) {
      if (!sides[side] || stage.querySelector(`.is-${side}`)) continue;
      const move = () => stepTo(side);
      const kind = `step is-${side}`;
      stage.append(h("button", { type: "button", class: kind, "aria-label": label, onclick: move }, icon(drawn)));
    }
    offerCompare();
    zoom.loaded.then(() => preload([sides.after, sides.before], signal));
  }

  function offerCompare() {
    const { before, after } = neighbours(id);
    const offered = tools.querySelector(".compare-button");
    if (offered) offered.hidden = !(after ?? before);
  }

  /** Go to the image beside this one; `isTry` only asks whether there is one. */
  function stepTo(side, isTry = false) {
    const other = neighbours(id)[side];
    if (other && !isTry) go(`/images/${other}`, { replacing: true });
    return Boolean(other);
  }

  /** What is seldom needed is in another script. */
  async function later(name, act) {
    try {
      const found = await loadLate(name);
      if (image && !signal.aborted) act(found);
    } catch (error) {
      notify(error.message, { isProblem: true });
    }
  }

  function show() {
    const leave = (last) => last !== id && go(`/images/${last}`, { replacing: true });
    later("slideshow", (slideshow) => slideshow(image, { leave }));
  }

  function compare() {
    const { before, after } = neighbours(id);
    if (after ?? before) later("openCompare", (openCompare) => openCompare([id, after ?? before]));
  }

  function edit(attribute = "title") {
    if (image && image.status !== "trashed") later("editForm", (editForm) => showForm(editForm, attribute));
  }

  function showForm(editForm, attribute) {
    const form = editForm(image, { save, readAgain, cancel: draw });
    fill(panel, form);
    form.elements[attribute]?.focus();
  }

  async function save(changes) {
    ({ image, etag } = await patchImage(id, etag, changes));
    tell("image-changed", { id, title: image.title, alt_text: image.alt_text });
    draw();
    panel.focus();
    notify("Saved.");
  }

  /** The image as it is now, after somebody else changed it. */
  async function readAgain() {
    ({ image, etag } = await getImage(id, signal));
    return image;
  }

  async function publish(visibility) {
    try {
      ({ image, etag } = await patchImage(id, etag, { visibility }));
      tell("image-changed", { id, visibility, public_url: image.public_url });
      notify(
        {
          private: "Only you can see it now.",
          unlisted: "Whoever has the link can see it now.",
          public: "Everybody can see it now.",
        }[visibility],
      );
    } catch (error) {
      notify(error.message, {
        isProblem: true,
        action: error.status === 412 ? ["Show it as it is now", () => readAgain().then(draw)] : null,
      });
    }
    draw();
    panel.querySelector(".visibility input:checked")?.focus();
  }

  async function download() {
    try {
      const url = URL.createObjectURL(await content(id, null, signal));
      h("a", { href: url, download: image.filename || id }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (error) {
      if (error.name !== "AbortError") notify(error.message, { isProblem: true });
    }
  }

  function gone() {
    const { before, after } = neighbours(id);
    tell("image-removed", { id });
    if (after ?? before) go(`/images/${after ?? before}`, { replacing: true });
    else leaveViewer();
  }

  function keys(event) {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const pan = event.shiftKey && zoom?.isZoomed() && PANS[event.key];
    const act = pan
      ? () => zoom.pan(...pan)
      : {
          ArrowLeft: () => stepTo("before"),
          ArrowRight: () => stepTo("after"),
          "+": () => zoom?.by(ZOOM_STEP),
          "=": () => zoom?.by(ZOOM_STEP),
          "-": () => zoom?.by(1 / ZOOM_STEP),
          0: () => zoom?.reset(),
          c: compare,
          e: () => edit(),
          s: show,
          d: download,
          Delete: () => image && (image.status === "trashed" ? removeForGood() : remove()),
        }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  stage.append(tilePicture(id) ?? "");
  document.body.append(dialog);
  dialog.showModal();
  keepNoticesInReach();
  load();
  return () => {
    ending.abort(new DOMException("The image was left.", "AbortError"));
    dialog.close();
    dialog.remove();
    keepNoticesInReach();
  };
}

const nameOf = (image) => image.title || image.filename || "Image";
