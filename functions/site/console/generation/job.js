// One job, live: how far it is, what became of each image, and what can still be done.
import { call, getImage } from "../parts/api.js";
import { fill, h, wait } from "../parts/dom.js";
import { atMoment, duration, money, providerName } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { stateOf } from "./jobs.js";
import { notify } from "../parts/notices.js";

const OFTEN = 1000;
const SELDOM = 5000;
const RUNNING = new Set(["queued", "running"]);

export async function showJob(root, { parameters, signal }) {
  const path = `/v1/generations/${encodeURIComponent(parameters.id)}`;
  const status = h("p", { class: "row", role: "status" });
  const bar = h("progress", { "aria-label": "Images made" });
  const actions = h("div", { class: "row screen-actions" });
  const list = h("ul", { class: "items", "aria-label": "Images of this job" });
  const rows = new Map();
  let poll = 0,
    current = null;

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

  async function follow() {
    const mine = (poll += 1);
    let pause = OFTEN;
    let job = current;
    while (RUNNING.has(job.status) && mine === poll && !signal.aborted) {
      await wait(pause, signal).catch(() => {});
      if (signal.aborted || mine !== poll) return;
      try {
        ({ data: job } = await call("GET", path, { signal }));
        draw(job);
        pause = Math.min(SELDOM, pause * 1.15);
      } catch (error) {
        if (!error.mayPass) return;
        pause = SELDOM;
      }
    }
  }

  function draw(job) {
    current = job;
    const { total, succeeded, failed } = job.progress;
    const ended = succeeded + failed + (job.progress.cancelled ?? 0);
    const told = [
      `${succeeded} of ${total} made`,
      failed > 0 && `${failed} failed`,
      `cost ${money(job.cost_usd)}`,
      `begun ${atMoment(job.created_at)}`,
    ]
      .filter(Boolean)
      .join(" · ");
    if (status.dataset.told !== told + job.status) fill(status, stateOf(job.status), h("span", {}, told));
    status.dataset.told = told + job.status;
    Object.assign(bar, { max: total, value: ended });
    fill(
      actions,
      failed > 0 &&
        !RUNNING.has(job.status) &&
        h(
          "button",
          {
            type: "button",
            class: "button is-main",
            onclick: (event) => act(event, "POST", `${path}/retry`, "Trying again what failed."),
          },
          icon("retry"),
          "Retry failed",
        ),
      RUNNING.has(job.status) &&
        h(
          "button",
          {
            type: "button",
            class: "button",
            onclick: (event) => act(event, "DELETE", path, "Cancelled. What is being made now may still arrive."),
          },
          icon("close"),
          "Cancel",
        ),
    );
    for (const item of job.items) {
      const drawn = JSON.stringify(item);
      if (rows.get(item.index)?.drawn === drawn) continue;
      const element = row(item, signal);
      const known = rows.get(item.index)?.element;
      if (known) known.replaceWith(element);
      else list.append(element);
      rows.set(item.index, { drawn, element });
    }
  }

  async function act(event, method, address, said) {
    event.currentTarget.disabled = true;
    try {
      draw((await call(method, address)).data);
      notify(said);
      follow();
    } catch (error) {
      notify(error.message, { isProblem: true });
      draw(current);
    }
  }
}

function row(item, signal) {
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
    ),
  );
}

/** Why it failed: the provider's reason is told once, though some details hold it already. */
const reasonOf = ({ detail, reason }) => (!reason || detail?.includes(reason) ? detail : `${detail} ${reason}`);

async function show(item, preview, title, signal) {
  const found = await getImage(item.image_id, signal).catch(() => null);
  if (!found) return;
  const { image } = found;
  fill(preview, h("img", { src: image.renditions.thumb?.url, alt: image.alt_text ?? "", loading: "lazy" }));
  if (image.generation?.prompt) title.textContent = image.generation.prompt;
}
