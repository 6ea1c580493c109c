// One image, large, with all that is known of it; over the gallery it was opened from.
import { content, deleteForGood, getImage, patchImage, restoreImage, trashImage } from "../parts/api.js";
import { details } from "./details.js";
import { confirm } from "../parts/dialogs.js";
import { fill, h, isTyping } from "../parts/dom.js";
import { editForm, hasDraft } from "./edit.js";
import { listen, tell } from "../parts/events.js";
import { icon } from "../parts/icons.js";
import { keepNoticesInReach, notify } from "../parts/notices.js";
import { problemBox } from "../parts/problem-box.js";
import { go, leaveViewer } from "../frame/router.js";
import { neighbours } from "../gallery/sequence.js";
import { slideshow } from "./slideshow.js";
import { zoomable } from "./zoom.js";

/** Open an image; answers what closes the view without touching the address. */
export function openViewer(id) {
  const ending = new AbortController();
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
  let image = null,
    etag = null,
    zoom = null;

  async function load() {
    try {
      ({ image, etag } = await getImage(id, ending.signal));
    } catch (error) {
      if (ending.signal.aborted) return;
      return fill(
        panel,
        h("h1", {}, "Image"),
        problemBox(
          error.status === 404
            ? Object.assign(error, { message: "There is no such image. It may have been deleted." })
            : error,
          { retry: load },
        ),
      );
    }
    document.title = `${image.title || image.filename || "Image"} · Image store`;
    zoom = zoomable(stage, image, { signal: ending.signal, original: () => content(id, null, ending.signal) });
    steps();
    listen("images-loaded", steps, ending.signal);
    draw();
    if (hasDraft(image)) edit();
  }

  function draw() {
    heading.textContent = image.title || image.filename || "";
    const isTrashed = image.status === "trashed";
    fill(
      tools,
      button("plus", "Zoom in (+)", () => zoom.by(1.5)),
      button("minus", "Zoom out (-)", () => zoom.by(1 / 1.5)),
      button("play", "Slideshow (s)", show),
      !isTrashed && button("edit", "Edit (e)", edit),
      button("download", "Download the original (d)", download),
      isTrashed && button("restore", "Restore", restore),
      isTrashed
        ? button("trash", "Delete for good", removeForGood)
        : button("trash", "Move to trash (Delete)", remove),
    );
    fill(panel, details(image, { publish, edit, search: (address) => go(address) }));
  }

  /** A button for each side that has an image, as soon as it is known. */
  function steps() {
    for (const [side, label, drawn] of [
      ["before", "Previous image", "back"],
      ["after", "Next image", "forward"],
    ]) {
      if (!neighbours(id)[side] || stage.querySelector(`.is-${side}`)) continue;
      const move = () => step(neighbours(id)[side]);
      const kind = `step is-${side}`;
      stage.append(h("button", { type: "button", class: kind, "aria-label": label, onclick: move }, icon(drawn)));
    }
  }

  function step(other) {
    if (other) go(`/images/${other}`, { replacing: true });
  }

  function show() {
    if (image) slideshow(image, { leave: (last) => last !== id && step(last) });
  }

  function edit() {
    if (!image || image.status === "trashed") return;
    fill(panel, editForm(image, { save, cancel: draw }));
    panel.querySelector("input")?.focus();
  }

  async function save(changes) {
    ({ image, etag } = await patchImage(id, etag, changes));
    draw();
    panel.focus();
    notify("Saved.");
  }

  async function publish(visibility) {
    try {
      ({ image, etag } = await patchImage(id, etag, { visibility }));
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
        action: error.status === 412 ? ["Show it as it is now", load] : null,
      });
    }
    draw();
    panel.querySelector(".visibility input:checked")?.focus();
  }

  async function download() {
    try {
      const url = URL.createObjectURL(await content(id, null, ending.signal));
      h("a", { href: url, download: image.filename || id }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (error) {
      if (error.name !== "AbortError") notify(error.message, { isProblem: true });
    }
  }

  const remove = () =>
    attempt(async () => {
      const { visibility } = image;
      await trashImage(id);
      gone();
      notify("Moved to the trash.", {
        action: [
          "Undo",
          () =>
            attempt(async () => {
              tell("image-added", cardOf(await restoreImage(id)));
              notify(visibility === "private" ? "Restored." : "Restored, and private now: its old link stays dead.");
            }),
        ],
      });
    });
  const restore = () =>
    attempt(async () => {
      await restoreImage(id);
      gone();
      notify("Restored, as a private image.");
    });
  const removeForGood = () =>
    attempt(async () => {
      if (
        !(await confirm({
          title: "Delete this image for good?",
          text: "Its file and everything known of it are deleted. Nobody can bring it back.",
          yes: "Delete for good",
          isDangerous: true,
        }))
      )
        return;
      await deleteForGood(id);
      gone();
      notify("Deleted for good.");
    });

  function gone() {
    const { before, after } = neighbours(id);
    tell("image-removed", { id });
    if (after ?? before) step(after ?? before);
    else leaveViewer();
  }

  function keys(event) {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      ArrowLeft: () => step(neighbours(id).before),
      ArrowRight: () => step(neighbours(id).after),
      "+": () => zoom?.by(1.5),
      "=": () => zoom?.by(1.5),
      "-": () => zoom?.by(1 / 1.5),
      0: () => zoom?.reset(),
      e: edit,
      s: show,
      d: download,
      Delete: () => image && (image.status === "trashed" ? removeForGood() : remove()),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

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

async function attempt(act) {
  try {
    await act();
  } catch (error) {
    notify(error.message, { isProblem: true });
  }
}

/** An image as lists show it. */
export const cardOf = (image) => ({ ...image, thumb_url: image.renditions.thumb?.url });

function button(drawn, label, act) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: act },
    icon(drawn),
  );
}
