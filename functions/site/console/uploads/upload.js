// The screen to upload from: pick, drop or paste, and see how each file is doing.
import { fill, h } from "../parts/dom.js";
import { listen } from "../parts/events.js";
import { bytes } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { TYPES } from "./sending.js";
import { settings } from "../frame/settings.js";
import { chosenAttributes, uploadChoices } from "./upload-choices.js";
import { dismiss, enqueueFiles, retry, uploads } from "./upload-queue.js";

export function showUpload(root, { signal }) {
  const list = h("ul", { class: "transfers", "aria-label": "Uploads" });
  const said = h("p", { class: "unseen", role: "status" });
  const rows = new Map();
  const picker = h("input", {
    type: "file",
    id: "files",
    class: "unseen",
    multiple: true,
    accept: TYPES.join(","),
    onchange: (event) => {
      enqueueFiles([...event.target.files], chosenAttributes());
      event.target.value = "";
    },
  });

  function draw({ upload } = {}) {
    if (upload) return rows.get(upload)?.update();
    for (const gone of [...rows.keys()].filter((known) => !uploads.includes(known))) {
      rows.get(gone).remove();
      rows.delete(gone);
    }
    for (const one of uploads) {
      if (!rows.has(one)) {
        rows.set(one, row(one));
        list.prepend(rows.get(one).element);
      }
      rows.get(one).update();
    }
    const done = uploads.filter(({ state }) => state === "done").length;
    said.textContent = uploads.length ? `${done} of ${uploads.length} uploaded` : "";
  }

  root.append(
    h(
      "header",
      { class: "screen-head" },
      h(
        "div",
        {},
        h("h1", { tabindex: "-1" }, "Upload"),
        h("p", { class: "fine" }, `JPEG, PNG, GIF, WebP or AVIF, up to ${bytes(settings.limits.upload_bytes)} each.`),
      ),
    ),
    h(
      "div",
      { class: "drop" },
      icon("upload"),
      picker,
      h(
        "p",
        {},
        h("label", { class: "button is-main", for: "files" }, "Pick files"),
        h("span", {}, "or drop them here, or paste one."),
      ),
    ),
    h("details", { class: "box", open: innerWidth > 860 }, h("summary", {}, "For the next uploads"), uploadChoices()),
    said,
    list,
  );
  listen("uploads", draw, signal);
  signal.addEventListener("abort", () => rows.forEach((known) => known.remove()));
  draw();
}

const blank = () => h("span", { class: "transfer-blank" }, icon("images"));

function row(upload) {
  const preview = upload.file.type.startsWith("image/") ? URL.createObjectURL(upload.file) : null;
  const bar = h("progress", { max: 1, "aria-label": `Progress of ${upload.file.name}` });
  const line = h("p", { class: "fine" });
  const actions = h("div", { class: "row" });
  const element = h(
    "li",
    { class: "transfer" },
    preview ? h("img", { src: preview, alt: "", onerror: (event) => event.target.replaceWith(blank()) }) : blank(),
    h("div", { class: "transfer-text" }, h("p", { class: "transfer-name" }, upload.file.name), line, bar),
    actions,
  );
  let drawn = null;
  function update() {
    bar.value = upload.part;
    line.textContent = upload.error
      ? upload.error.message
      : `${bytes(upload.file.size)} · ${upload.what}` +
        (upload.state === "sending" && upload.what === "Sending" ? ` ${Math.round(upload.part * 100)} %` : "");
    if (drawn === upload.state) return;
    drawn = upload.state;
    element.className = `transfer is-${upload.state}`;
    fill(
      actions,
      upload.state === "failed" &&
        !upload.error.isOfTheFile &&
        h("button", { type: "button", class: "button", onclick: () => retry(upload) }, icon("retry"), "Retry"),
      upload.image && h("a", { class: "button", href: `#/images/${upload.image.id}` }, "Open"),
      upload.error?.existingId &&
        h("a", { class: "button", href: `#/images/${upload.error.existingId}` }, "Open the other"),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label":
              (upload.state === "sending" || upload.state === "waiting" ? "Stop" : "Take off the list:") +
              ` ${upload.file.name}`,
          onclick: () => dismiss(upload),
        },
        icon("close"),
      ),
    );
  }
  return {
    element,
    update,
    remove: () => {
      element.remove();
      if (preview) URL.revokeObjectURL(preview);
    },
  };
}
