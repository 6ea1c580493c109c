// The screen to upload from: pick, drop or paste, and say what holds for the pictures. The tray shows the rest.
import { h } from "../parts/dom.js";
import { bytes } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { settings } from "../frame/settings.js";
import { ACCEPTED } from "./checking.js";
import { takeFiles, takePickedFolder } from "./taking.js";
import { uploadChoices } from "./upload-choices.js";

export function showUpload(root) {
  const most = bytes(settings.limits.upload_bytes);
  root.append(
    h(
      "header",
      { class: "screen-head" },
      h(
        "div",
        {},
        h("h1", { tabindex: "-1" }, "Upload"),
        h(
          "p",
          { class: "fine" },
          `JPEG, PNG, GIF, WebP or AVIF, up to ${most} each. HEIC becomes JPEG here, with `,
          h("a", { href: "/assets/libheif-license.txt", target: "_blank", rel: "noopener" }, "libheif"),
          ".",
        ),
      ),
    ),
    h(
      "div",
      { class: "drop" },
      icon("upload"),
      picker("files", { accept: ACCEPTED.join(",") }, takeFiles),
      picker("folder", { webkitdirectory: true }, takePickedFolder),
      h(
        "p",
        {},
        h("label", { class: "button is-main", for: "files" }, "Pick files"),
        h("label", { class: "button", for: "folder" }, "Pick a folder"),
      ),
      h("p", {}, "Or drop files and folders on any screen, or paste a picture."),
    ),
    h("details", { class: "box", open: innerWidth > 860 }, h("summary", {}, "For the next uploads"), uploadChoices()),
  );
}

function picker(id, properties, take) {
  const change = (event) => {
    take([...event.target.files]);
    event.target.value = "";
  };
  return h("input", { type: "file", id, class: "unseen", multiple: true, ...properties, onchange: change });
}
