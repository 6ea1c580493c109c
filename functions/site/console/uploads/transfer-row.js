// One file in the tray: what happens with it, and what can be done.
import { fill, h } from "../parts/dom.js";
import { bytes } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { dismiss, hasEnded, retry } from "./upload-queue.js";

/** `{element, update}` for an upload. Its picture is the store's small one: to open 100 originals fills the memory. */
export function transferRow(upload) {
  const { name } = upload.file;
  const picture = h("span", { class: "transfer-blank" }, icon("images"));
  const bar = h("progress", { max: 1, "aria-label": `Progress of ${name}` });
  const line = h("p", { class: "fine" });
  const actions = h("div", { class: "row" });
  const element = h(
    "li",
    {},
    picture,
    h("div", { class: "transfer-text" }, h("p", { class: "transfer-name", title: name }, name), line, bar),
    actions,
  );
  let drawn = null;

  function update() {
    bar.value = upload.part;
    const said = words(upload);
    if (line.textContent !== said) line.textContent = said;
    if (drawn === upload.state) return;
    drawn = upload.state;
    element.className = `transfer is-${drawn}`;
    const thumbnail = upload.image?.renditions.thumb?.url;
    if (thumbnail) fill(picture, h("img", { src: thumbnail, alt: "", onerror: () => fill(picture, icon("images")) }));
    const hadFocus = actions.contains(document.activeElement);
    fill(actions, buttons(upload));
    if (hadFocus) actions.querySelector("a, button")?.focus();
  }

  return { element, update };
}

function words({ state, error, file, what, part }) {
  if (state === "known") return "Already here";
  if (error) return error.message;
  return `${bytes(file.size)} · ${what}${what === "Sending" ? ` ${Math.round(part * 100)} %` : ""}`;
}

function buttons(upload) {
  const { state, image, error } = upload;
  const { name } = upload.file;
  const existing = state === "known" ? error.existingId : null;
  const open = image?.id ?? existing;
  const address = `#/images/${encodeURIComponent(open)}`;
  return [
    open && h("a", { class: "quiet-link", href: address, "aria-label": `Open ${name}` }, "Open"),
    existing && button("plus", `Store ${name} again`, () => retry(upload, { on_duplicate: "keep" })),
    state === "failed" && !error.isOfTheFile && button("retry", `Retry ${name}`, () => retry(upload)),
    state !== "done" &&
      button("close", `${hasEnded(upload) ? "Take off the list:" : "Cancel"} ${name}`, () => dismiss([upload])),
  ].filter(Boolean);
}

function button(drawn, label, act) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: act },
    icon(drawn),
  );
}
