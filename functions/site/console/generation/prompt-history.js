// The prompts of one's own jobs, to search and to use again.
import { call, getImage } from "../parts/api.js";
import { fill, h, unique } from "../parts/dom.js";
import { atMoment, plural } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { keepNoticesInReach, notify } from "../parts/notices.js";
import { problemBox } from "../parts/problem-box.js";

const PAGE = 50;
const MOST_PAGES = 10; // that one search reads by itself
const ENOUGH = 12; // results

/** Ask for an earlier job; resolves to the job with its whole requests, or to null. */
export function pickEarlierPrompt() {
  return new Promise((resolve) => {
    const ending = new AbortController();
    const { signal } = ending;
    const heading = unique("history");
    const words = h("input", {
      type: "search",
      placeholder: "Search prompts",
      "aria-label": "Search prompts",
      autocomplete: "off",
      oninput: search,
    });
    const list = h("ul", { class: "history", "aria-label": "Earlier prompts" });
    const foot = h("p", { class: "row", role: "status" });
    const sealedNote = h(
      "p",
      { class: "fine", hidden: true },
      "This store keeps prompts encrypted. They are not searched; show one to read it.",
    );
    const dialog = h(
      "dialog",
      {
        class: "dialog picker",
        "aria-labelledby": heading,
        onkeydown: (event) => event.stopPropagation(), // Keys of the screen below are not meant here.
        onclose: close,
      },
      h("h2", { id: heading }, "Earlier prompts"),
      words,
      sealedNote,
      h("div", { class: "picker-frame", tabindex: "-1" }, list, foot),
      h(
        "div",
        { class: "row is-end" },
        h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Close"),
      ),
    );
    const jobs = []; // those with a prompt of their own, the newest first
    const seen = new Set();
    let cursor = null,
      isWhole = false,
      picked = null,
      reading = null;

    const fits = ({ prompt }) => {
      const all = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      return !all.length || (prompt !== null && all.every((word) => prompt.toLowerCase().includes(word)));
    };
    const results = () => jobs.filter(fits).length;

    async function read() {
      const { data } = await call("GET", "/v1/generations", { query: { limit: PAGE, cursor }, signal });
      for (const job of data.items) {
        const name = job.prompt === null ? job.id : `${job.prompt} ${job.model} ${job.progress.total}`;
        if (seen.has(name)) continue;
        seen.add(name);
        jobs.push(job);
        const element = entry(job);
        element.hidden = !fits(job);
        list.append(element);
        sealedNote.hidden &&= job.prompt !== null;
      }
      cursor = data.next_cursor;
      isWhole = !cursor;
    }

    /** Read on until there is enough to see. */
    function more(pages = MOST_PAGES) {
      reading ??= readOn(pages).finally(() => (reading = null));
      return reading;
    }

    async function readOn(pages) {
      fill(foot, "Loading …");
      try {
        for (let count = 0; count < pages && !isWhole && (count === 0 || results() < ENOUGH); count += 1) await read();
        tellEnd();
      } catch (error) {
        if (!signal.aborted) fill(foot, problemBox(error, { retry: () => more() }));
      }
    }

    function tellEnd() {
      if (!isWhole)
        return fill(
          foot,
          h("button", { type: "button", class: "button", onclick: () => more() }, "Show older prompts"),
        );
      fill(foot, results() ? "" : jobs.length ? "No prompt fits." : "No job yet.");
    }

    function search() {
      jobs.forEach((job, index) => (list.children[index].hidden = !fits(job)));
      if (results() < ENOUGH && !isWhole) more();
      else tellEnd();
    }

    function entry(job) {
      const preview = h("div", { class: "history-preview" }, icon("generate"));
      if (job.image_id) show(job.image_id, preview);
      const text = h("p", { class: "history-prompt" }, job.prompt ?? h("i", {}, "Encrypted prompt"));
      const use = h("button", { type: "button", class: "button", onclick: () => take(job, use) }, "Use again");
      use.setAttribute("aria-label", `Use again: ${job.prompt ?? `encrypted prompt of ${atMoment(job.created_at)}`}`);
      return h(
        "li",
        { class: "history-entry" },
        preview,
        h(
          "div",
          {},
          text,
          h(
            "p",
            { class: "item-facts" },
            h("span", {}, atMoment(job.created_at)),
            h("span", {}, plural(job.progress.total, "image")),
            job.model && h("span", {}, job.model),
          ),
        ),
        h(
          "div",
          { class: "row" },
          job.prompt === null &&
            h("button", { type: "button", class: "button", onclick: (event) => reveal(event, job, text) }, "Show"),
          use,
        ),
      );
    }

    async function show(id, preview) {
      const answer = await getImage(id, signal).catch(() => null);
      if (answer) fill(preview, h("img", { src: answer.image.renditions.thumb?.url, alt: "", loading: "lazy" }));
    }

    async function take(job, button) {
      button.disabled = true;
      try {
        picked = await wholeJob(job.id, signal);
        dialog.close();
      } catch (error) {
        button.disabled = false;
        if (!signal.aborted) notify(error.message, { isProblem: true });
      }
    }

    async function reveal(event, job, text) {
      const button = event.currentTarget;
      button.disabled = true;
      try {
        const { items } = await wholeJob(job.id, signal);
        job.prompt = items[0].request?.prompt ?? "";
        fill(text, job.prompt || "No longer kept");
        button.remove();
      } catch (error) {
        button.disabled = false;
        if (!signal.aborted) notify(error.message, { isProblem: true });
      }
    }

    function close() {
      ending.abort(new DOMException("The dialog was closed.", "AbortError"));
      dialog.remove();
      keepNoticesInReach();
      resolve(picked);
    }

    document.body.append(dialog);
    dialog.showModal();
    words.focus();
    keepNoticesInReach();
    more(1);
  });
}

/** A job with the whole request of each image. */
export async function wholeJob(id, signal) {
  const path = `/v1/generations/${encodeURIComponent(id)}`;
  return (await call("GET", path, { query: { requests: "true" }, signal })).data;
}
