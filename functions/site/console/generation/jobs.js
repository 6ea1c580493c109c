// All jobs, the newest first; those that run are drawn again when something happens.
import { call, getImage } from "../parts/api.js";
import { fill, h } from "../parts/dom.js";
import { atMoment, money, plural } from "../parts/format.js";
import { nothing } from "../parts/screen-head.js";
import { icon } from "../parts/icons.js";
import { isRunning, jobNews } from "./job-news.js";

const PAGE = 20;

export async function showJobs(root, { signal }) {
  const list = h("ul", { class: "items" });
  const more = h("p", { class: "row" }, "Loading …");
  root.append(
    h(
      "header",
      { class: "screen-head" },
      h("h1", { tabindex: "-1" }, "Jobs"),
      h("a", { class: "button is-main", href: "#/generate" }, icon("generate"), "Generate"),
    ),
    list,
    more,
  );
  const rows = new Map(); // by the job's id: `{job, element}`
  const page = (cursor) =>
    call("GET", "/v1/generations", { query: { limit: PAGE, cursor }, signal }).then((answer) => answer.data);

  async function load(cursor) {
    const data = await page(cursor);
    for (const job of data.items) list.append(drawn(job));
    fill(
      more,
      data.next_cursor &&
        h("button", { type: "button", class: "button", onclick: () => load(data.next_cursor) }, "Show older jobs"),
    );
    if (!list.children.length)
      root.append(nothing("jobs", "No job yet", "Images that you have generated are listed here by job."));
    return data.items;
  }

  function drawn(job) {
    const element = row(job, signal);
    rows.set(job.id, { job, element });
    return element;
  }

  /** Draw the newest jobs again, and new ones, until none of them runs. */
  async function follow(newest) {
    const next = jobNews(signal);
    while (newest.some(isRunning)) {
      await next(newest.filter(isRunning));
      newest = (await page(null)).items;
      for (const job of [...newest].reverse()) {
        const old = rows.get(job.id);
        if (!old) list.prepend(drawn(job));
        else if (JSON.stringify(old.job) !== JSON.stringify(job)) replace(old.element, drawn(job));
      }
    }
  }

  follow(await load(null)).catch(() => {}); // the list stays as it is
}

/** Put a row in the place of another; the focus stays in it. */
function replace(old, next) {
  const hasFocus = old.contains(document.activeElement);
  old.replaceWith(next);
  if (hasFocus) next.querySelector("a").focus();
}

function row(job, signal) {
  const preview = h("div", { class: "item-preview" }, icon(job.status === "failed" ? "alert" : "generate"));
  if (job.image_id) show(job.image_id, preview, signal);
  return h(
    "li",
    {},
    h(
      "a",
      { class: "item", href: `#/jobs/${job.id}` },
      preview,
      h(
        "div",
        { class: "item-text" },
        h("b", {}, job.prompt ?? plural(job.progress.total, "image")),
        h(
          "p",
          { class: "item-facts" },
          h("span", {}, atMoment(job.created_at)),
          h("span", {}, `${job.progress.succeeded} of ${job.progress.total} made`),
          job.progress.failed > 0 && h("span", {}, `${job.progress.failed} failed`),
          h("span", {}, `Cost ${money(job.cost_usd)}`),
          job.model && h("span", {}, job.model),
        ),
      ),
      stateOf(job.status),
    ),
  );
}

async function show(id, preview, signal) {
  const answer = await getImage(id, signal).catch(() => null);
  if (answer) fill(preview, h("img", { src: answer.image.renditions.thumb?.url, alt: "", loading: "lazy" }));
}

const NAMES = {
  queued: "Waiting",
  running: "Running",
  succeeded: "Done",
  partial: "Some failed",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** The coloured label of a state of a job or an image. */
export const stateOf = (status) => h("span", { class: `state is-${status}` }, NAMES[status] ?? status);
