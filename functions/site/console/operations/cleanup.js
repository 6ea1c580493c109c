// What cleanup would remove, and has removed; for administrators.
import { call } from "../parts/api.js";
import { confirm } from "../parts/dialogs.js";
import { facts } from "../parts/fields.js";
import { fill, h } from "../parts/dom.js";
import { atMoment, bytes, count, plural } from "../parts/format.js";
import { notify } from "../parts/notices.js";
import { problemBox } from "../parts/problem-box.js";

const FOUND = {
  abandoned: "Uploads that were never finished",
  expired: "Images past their expiry",
  trash: "Images past their time in the trash",
  deleted: "Deletions to finish",
  tombstones: "Remains of deleted images",
  publications: "Public copies that are no longer current",
  staged: "Files of direct uploads",
  orphans: "Files without a record",
  dangling: "Records without a file",
  renditions_missing: "Renditions to make again",
  copies_missing: "Public copies to make again",
  unknown: "Files that are not the store's, left alone",
  failed: "Failed, tried again next time",
};
const KEPT = new Set(["unknown", "failed", "renditions_missing", "copies_missing"]); // counted, and not removed
const STOPPED = {
  another_run: "Another run was at work.",
  restore: "Images are being restored: nothing is removed until that ends.",
  deadline: "Its time was over; the next run goes on.",
  cap: "It would have removed more than the cap allows, and stopped.",
};

export async function showCleanup(root, { signal }) {
  const result = h("section", { class: "card", hidden: true });
  const past = h("section", { class: "card" }, h("h2", {}, "Past runs"), h("p", { class: "fine" }, "Loading …"));
  const run = h("button", { type: "button", class: "button is-danger-quiet", onclick: really }, "Run cleanup now");
  const preview = h("button", { type: "button", class: "button is-main", onclick: () => start(true) }, "Preview");
  const actions = h("div", { class: "row screen-actions" }, preview, run);
  root.append(
    h(
      "header",
      { class: "screen-head" },
      h(
        "div",
        {},
        h("h1", { tabindex: "-1" }, "Cleanup"),
        h(
          "p",
          { class: "fine" },
          "Cleanup runs by itself every 15 minutes. A preview shows what a run would remove, and removes nothing.",
        ),
      ),
      actions,
    ),
    result,
    past,
  );
  await list();

  async function start(dry) {
    preview.disabled = run.disabled = true;
    result.hidden = false;
    fill(
      result,
      h("p", { class: "fine", role: "status" }, dry ? "Looking at every image and every file …" : "Cleaning up …"),
    );
    try {
      const { data } = await call("POST", "/v1/admin/cleanup", { json: { dry_run: dry }, signal });
      fill(result, h("h2", {}, dry ? "What a run would remove" : "What was removed"), report(data));
      if (!dry) await list();
    } catch (error) {
      if (!signal.aborted) fill(result, problemBox(error));
    } finally {
      preview.disabled = run.disabled = false;
    }
  }

  async function really() {
    if (
      await confirm({
        title: "Run cleanup now?",
        text: "It removes for good what a preview shows. It stops by itself when that would be too much.",
        yes: "Run cleanup",
        isDangerous: true,
      })
    ) {
      await start(false);
      notify("Cleanup has run.");
    }
  }

  async function list() {
    try {
      const { data } = await call("GET", "/v1/admin/cleanup/reports", { signal });
      fill(
        past,
        h("h2", {}, "Past runs"),
        data.items.length ? table(data.items) : h("p", { class: "fine" }, "No runs yet."),
      );
    } catch (error) {
      if (signal.aborted) return;
      if (error.status !== 403) return void fill(past, h("h2", {}, "Past runs"), problemBox(error));
      actions.remove();
      past.replaceWith(problemBox(error));
    }
  }
}

function removed(told) {
  return (
    Object.keys(FOUND)
      .filter((name) => !KEPT.has(name))
      .reduce((sum, name) => sum + (told[name] ?? 0), 0) + told.policies.reduce((sum, one) => sum + one, 0)
  );
}

function report(told) {
  const rows = Object.entries(FOUND)
    .filter(([name]) => told[name] > 0)
    .map(([name, words]) => [words, count(told[name])]);
  told.policies.forEach(
    (moved, index) => moved && rows.push([`By policy ${index + 1}, into the trash`, count(moved)]),
  );
  return [
    rows.length ? facts(Object.fromEntries(rows)) : h("p", {}, "Nothing to remove."),
    h(
      "p",
      { class: "fine" },
      `Looked at ${plural(told.examined, "thing")}; ${bytes(told.bytes_freed)} ` +
        `${told.dry_run ? "would be" : "were"} freed. ${STOPPED[told.stopped_because] ?? ""}`,
    ),
  ];
}

function table(items) {
  const cell = (value) => h("td", { class: "is-number" }, value);
  return h(
    "div",
    { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Past runs of cleanup" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", {}, "Begun"),
          ["Looked at", "Removed", "Freed", "Failed"].map((name) => h("th", { class: "is-number" }, name)),
          h("th", {}, "Note"),
        ),
      ),
      h(
        "tbody",
        {},
        items.map((told) =>
          h(
            "tr",
            {},
            h("td", {}, atMoment(told.started_at)),
            cell(count(told.examined)),
            cell(count(removed(told))),
            cell(bytes(told.bytes_freed)),
            cell(count(told.failed)),
            h(
              "td",
              { class: "is-wide" },
              STOPPED[told.stopped_because] ?? (told.finished_at ? "" : "Did not finish."),
            ),
          ),
        ),
      ),
    ),
  );
}
