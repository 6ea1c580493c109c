// All jobs, the newest first.
import { call, getImage } from "../parts/api.js";
import { fill, h } from "../parts/dom.js";
import { atMoment, money, plural } from "../parts/format.js";
import { nothing } from "../gallery/images.js";
import { icon } from "../parts/icons.js";

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
  async function load(cursor) {
    const { data } = await call("GET", "/v1/generations", { query: { limit: 20, cursor }, signal });
    list.append(...data.items.map((job) => row(job, signal)));
    fill(
      more,
      data.next_cursor &&
        h("button", { type: "button", class: "button", onclick: () => load(data.next_cursor) }, "Show older jobs"),
    );
    if (!list.children.length)
      root.append(nothing("jobs", "No job yet", "Images that you have generated are listed here by job."));
  }
  await load(null);
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
