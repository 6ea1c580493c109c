// The tray: how the uploads are doing, in a corner of every screen. It takes no focus and covers no dialog.
import { plural } from "../parts/format.js";
import { fill, h, unique } from "../parts/dom.js";
import { listen } from "../parts/events.js";
import { icon } from "../parts/icons.js";
import { isReachable } from "../frame/offline.js";
import { albumOffer } from "./album-offer.js";
import { transferRow } from "./transfer-row.js";
import { dismiss, hasEnded, isBusy, isPaused, pause, resume, retry, uploads } from "./upload-queue.js";

const MOST_ROWS = 100; // of thousands of files
const REDRAW = 100; // ms
const NARROW = 860; // pixels of a window that the tray would fill, as tray.css has it

let tray = null;

/** Show the tray; it stays until everything has ended and it is closed. */
export function showTray() {
  tray ??= makeTray();
  tray.open();
}

/** Ask in the tray whether a folder becomes an album; `send(group)` gets the album's group, or null for none. */
export function offerAlbum({ folder, files, send }) {
  if (!files.length) return;
  tray ??= makeTray();
  tray.ask((end) => albumOffer({ folder, files, send, end }));
}

function makeTray() {
  const heading = h("h2", { id: unique("uploads") });
  const whole = h("progress", { max: 1, "aria-label": "Progress of all uploads" });
  const list = h("ul", { class: "transfers", "aria-label": "Uploads" });
  const hidden = h("p", { class: "fine" });
  const offers = h("div", { class: "tray-offers" });
  const said = h("p", { class: "unseen", role: "status" });
  const actions = h("div", { class: "row tray-actions" });
  const body = h("div", { class: "tray-body", id: unique("tray") }, offers, actions, list, hidden);
  const fold = h(
    "button",
    { type: "button", class: "icon-button tray-fold", "aria-controls": body.id, onclick: () => collapse(!body.hidden) },
    icon("back"),
  );
  const close = iconButton("close", "Close", () => dismiss([...uploads]));
  const element = h(
    "section",
    { class: "tray", "aria-labelledby": heading.id },
    h("header", { class: "tray-head" }, heading, fold, close),
    whole,
    said,
    body,
  );
  const rows = new Map();
  let timer = 0,
    drawnActions = "";

  function collapse(isFolded) {
    body.hidden = isFolded;
    fold.setAttribute("aria-expanded", String(!isFolded));
    fold.setAttribute("aria-label", isFolded ? "Show the uploads" : "Hide the uploads");
    measure();
  }

  const measure = () =>
    document.documentElement.style.setProperty("--tray", element.isConnected ? `${element.offsetHeight}px` : "0px");

  function draw() {
    timer = 0;
    if (!uploads.length && !offers.childElementCount) return remove();
    const numbers = count();
    heading.textContent = title(numbers);
    whole.value = numbers.all ? numbers.sent / numbers.all : 0;
    whole.hidden = !isBusy();
    close.hidden = isBusy() || offers.childElementCount > 0;
    element.classList.toggle("has-problem", numbers.failed > 0);
    drawRows();
    drawActions(numbers);
    const summary = spoken(numbers);
    if (said.textContent !== summary) said.textContent = summary;
    measure();
  }

  function drawRows() {
    const shown = new Set(mostUrgent());
    for (const [upload, row] of rows)
      if (!shown.has(upload)) {
        row.element.remove();
        rows.delete(upload);
      }
    let next = list.firstChild;
    for (const upload of shown) {
      if (!rows.has(upload)) rows.set(upload, transferRow(upload));
      const row = rows.get(upload);
      row.update();
      // A row that has the focus would lose it.
      if (row.element === next) next = next.nextSibling;
      else if (!row.element.contains(document.activeElement)) list.insertBefore(row.element, next);
    }
    const left = uploads.length - shown.size;
    hidden.textContent = left ? `and ${plural(left, "more file")}` : "";
  }

  function drawActions({ ended }) {
    const again = () => uploads.filter(canBeRetried);
    const wanted = [
      isBusy() && (isPaused() ? ["play", "Resume", resume] : ["pause", "Pause", pause]),
      again().length > 1 && ["retry", "Retry failed", () => again().forEach((upload) => retry(upload))],
      ended > 0 && ended < uploads.length && ["check", "Clear finished", () => dismiss(uploads.filter(hasEnded))],
      isBusy() && ["close", "Cancel all", () => dismiss(uploads.filter((upload) => !hasEnded(upload)))],
    ].filter(Boolean);
    const names = wanted.map(([, name]) => name).join();
    if (names === drawnActions) return;
    const focused = document.activeElement?.parentElement === actions ? document.activeElement.textContent : null;
    drawnActions = names;
    fill(
      actions,
      wanted.map(([drawn, name, act]) =>
        h("button", { type: "button", class: "button", onclick: act }, icon(drawn), name),
      ),
    );
    // A button that becomes another one keeps the focus.
    if (focused) (find(actions, focused) ?? actions.firstChild ?? fold).focus();
  }

  function remove() {
    if (element.contains(document.activeElement)) document.getElementById("content")?.focus();
    element.remove();
    ending.abort();
    tray = null;
    measure();
  }

  const ending = new AbortController();
  listen(
    "uploads",
    ({ upload }) => {
      if (upload) rows.get(upload)?.update();
      timer ||= setTimeout(draw, REDRAW);
    },
    ending.signal,
  );
  document.body.append(element);
  collapse(false);
  return {
    open: () => {
      collapse(innerWidth <= NARROW);
      draw();
    },
    ask: (make) => {
      const offer = make(() => {
        offer.remove();
        draw();
      });
      offers.append(offer);
      collapse(false);
      draw();
      offer.querySelector("input")?.focus();
    },
  };
}

/** Those that are shown, what matters now first. */
const mostUrgent = () =>
  ["failed", "sending", "waiting", "known", "done"]
    .flatMap((state) => uploads.filter((upload) => upload.state === state))
    .slice(0, MOST_ROWS);

function count() {
  const of = (state) => uploads.filter((upload) => upload.state === state).length;
  const bytes = (upload) => upload.file.size;
  return {
    done: of("done"),
    known: of("known"),
    failed: of("failed"),
    ended: uploads.filter(hasEnded).length,
    all: uploads.reduce((sum, upload) => sum + bytes(upload), 0),
    sent: uploads.reduce((sum, upload) => sum + bytes(upload) * (hasEnded(upload) ? 1 : upload.part), 0),
  };
}

function title({ ended, failed, all, sent }) {
  if (!uploads.length) return "Upload a folder";
  if (!isBusy()) return failed ? `${plural(failed, "file")} failed` : `${plural(ended, "upload")} finished`;
  const doing = isPaused() ? "Paused" : isReachable() ? "Uploading" : "Waiting";
  return `${doing} · ${ended} of ${uploads.length} · ${Math.floor((100 * sent) / (all || 1))} %`;
}

/** What a screen reader is told: the end, and what fails before; the bar says the rest to who asks. */
function spoken({ done, known, failed }) {
  if (!uploads.length) return "";
  if (!isBusy())
    return [
      `${done} of ${uploads.length} uploaded`,
      known && `${known} already here`,
      failed && `${failed} failed`,
    ]
      .filter(Boolean)
      .join(", ");
  if (isPaused()) return "Uploads are paused";
  return failed ? `${plural(failed, "upload")} failed` : `Uploading ${plural(uploads.length, "file")}`;
}

const canBeRetried = (upload) => upload.state === "failed" && !upload.error.isOfTheFile;

const find = (element, text) => [...element.children].find((one) => one.textContent === text);

function iconButton(drawn, label, act) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: act },
    icon(drawn),
  );
}
