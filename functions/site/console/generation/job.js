// One job: its progress, its images, and the buttons to retry or cancel.
import { call, getImage } from "../parts/api.js";
import { fill, h, wait } from "../parts/dom.js";
import { atMoment, duration, money, providerName } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { isRunning, jobNews } from "./job-news.js";
import { stateOf } from "./jobs.js";
import { notify } from "../parts/notices.js";

const PAUSE_AFTER_FAILURE_MS = 5000;

export async function showJob(root, { parameters, signal }) {
  const path = `/v1/generations/${encodeURIComponent(parameters.id)}`;
  const status = h("p", { class: "row", role: "status" });
  const bar = h("progress", { "aria-label": "Images made" });
  const actions = h("div", { class: "row screen-actions" });
  const list = h("ul", { class: "items", "aria-label": "Images of this job" });
  const rows = new Map();
  let following = new AbortController(),
    current = null;
  signal.addEventListener("abort", () => following.abort());

  root.append(
    h(
      "header",
      { class: "screen-head" },
      h(
        "div",
        {},
        h("h1", { tabindex: "-1" }, "Job"),
        h("p", { class: "fine" }, h("a", { href: "#/jobs" }, "All jobs")),
      ),
      actions,
    ),
    h("div", { class: "job-head" }, status, bar),
    list,
  );
  draw((await call("GET", path, { signal })).data);
  follow();

  /** Draw the job whenever it has changed, until it has ended; what followed it before ends. */
  async function follow() {
    following.abort();
    if (signal.aborted) return;
    following = new AbortController();
    const { signal: mine } = following;
    const next = jobNews(mine);
    while (isRunning(current)) {
      try {
        await next([current]);
        const { data } = await call("GET", path, { signal: mine });
        draw(data);
      } catch (error) {
        if (mine.aborted || !error.mayPass) return;
        await wait(PAUSE_AFTER_FAILURE_MS, mine).catch(() => {});
      }
      if (mine.aborted) return;
    }
  }

  function draw(job) {
    current = job;
    const { total, succeeded, failed } = job.progress;
    const ended = succeeded + failed + (job.progress.cancelled ?? 0);
    const summary = [
      `${succeeded} of ${total} made`,
      failed > 0 && `${failed} failed`,
      `cost ${money(job.cost_usd)}`,
      `started ${atMoment(job.created_at)}`,
    ]
      .filter(Boolean)
      .join(" · ");
    if (status.dataset.summary !== summary + job.status) fill(status, stateOf(job.status), h("span", {}, summary));
    status.dataset.summary = summary + job.status;
    Object.assign(bar, { max: total, value: ended });
    fill(
      actions,
      failed > 0 &&
        !isRunning(job) &&
        h(
          "button",
          {
            type: "button",
            class: "button is-main",
            onclick: (event) => act(event, "POST", `${path}/retry`, "The failed images are made again."),
          },
          icon("retry"),
          "Retry failed",
        ),
      isRunning(job) &&
        h(
          "button",
          {
            type: "button",
            class: "button",
            onclick: (event) => act(event, "DELETE", path, "Cancelled. Images that are being made may still arrive."),
          },
          icon("close"),
          "Cancel",
        ),
    );
    for (const item of job.items) {
      const content = JSON.stringify(item);
      const shown = rows.get(item.index);
      if (shown?.content === content) continue;
      const element = row(item, job.id, signal);
      if (shown) shown.element.replaceWith(element);
      else list.append(element);
      rows.set(item.index, { content, element });
    }
  }

  async function act(event, method, address, notice) {
    event.currentTarget.disabled = true;
    try {
      draw((await call(method, address)).data);
      notify(notice);
      follow();
    } catch (error) {
      notify(error.message, { isProblem: true });
      draw(current);
    }
  }
}

function row(item, jobId, signal) {
  const preview = h("div", { class: "item-preview" }, icon(item.status === "failed" ? "alert" : "generate"));
  const title = h("b", {}, item.prompt ?? `Image ${item.index + 1}`);
  if (item.image_id) show(item, preview, title, signal);
  return h(
    "li",
    { class: `item is-${item.status}` },
    preview,
    h(
      "div",
      { class: "item-text" },
      title,
      h(
        "p",
        { class: "item-facts" },
        stateOf(item.status),
        item.provider && h("span", {}, [providerName(item.provider), item.model].filter(Boolean).join(" · ")),
        item.duration_ms != null && h("span", {}, duration(item.duration_ms)),
        item.status === "succeeded" && h("span", {}, money(item.cost_usd)),
        item.attempts > 1 && h("span", {}, `${item.attempts} attempts`),
      ),
      item.error && h("p", { class: "item-error" }, reasonOf(item.error)),
    ),
    h(
      "div",
      { class: "row" },
      item.image_id && h("a", { class: "button", href: `#/images/${item.image_id}` }, "Open"),
      !isRunning(item) &&
        h(
          "a",
          {
            class: "button",
            href: `#/generate?job=${jobId}&item=${item.index}`,
            "aria-label": `Change image ${item.index + 1} and send it again`,
          },
          icon("edit"),
          "Change",
        ),
    ),
  );
}

/** Why it failed, with the provider's reason unless the details contain it. */
const reasonOf = ({ detail, reason }) => (!reason || detail?.includes(reason) ? detail : `${detail} ${reason}`);

async function show(item, preview, title, signal) {
  const answer = await getImage(item.image_id, signal).catch(() => null);
  if (!answer) return;
  const { image } = answer;
  fill(preview, h("img", { src: image.renditions.thumb?.url, alt: image.alt_text ?? "", loading: "lazy" }));
  if (image.generation?.prompt) title.textContent = image.generation.prompt;
}
