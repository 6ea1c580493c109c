// What has happened in an account in the last 30 days, the newest first.
import { fill, h } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { atMoment } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { problemBox } from "../parts/problem-box.js";
import { EVENT_TYPES } from "../webhooks/event-types.js";
import { eventLog } from "./event-log.js";
import { sentenceOf } from "./sentences.js";

const OF_ADMINS = "cleanup.finished";
const day = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** A card with the events of all types, or of one that is chosen there. */
export function activity(signal) {
  let log = eventLog({ types: [], signal });
  const list = h("div", { class: "stack activity" });
  const status = h("p", { class: "fine", role: "status" }, "Loading …");
  const foot = h("div", {});
  const choose = (type) => {
    log = eventLog({ types: type ? [type] : [], signal });
    fill(list);
    load();
  };
  const load = async () => {
    const mine = log;
    fill(foot);
    status.textContent = "Loading …";
    try {
      const { events, until, isEnd } = await mine.earlier();
      if (mine !== log) return; // another type was chosen meanwhile
      for (const event of events) append(list, event);
      status.textContent = isEnd
        ? list.children.length
          ? "This is all of the last 30 days."
          : "Nothing happened in the last 30 days."
        : `Back to ${atMoment(until)}.`;
      fill(foot, !isEnd && h("button", { type: "button", class: "button", onclick: load }, "Show earlier"));
    } catch (error) {
      if (signal.aborted || mine !== log) return;
      status.textContent = "";
      fill(foot, problemBox(error, { retry: load }));
    }
  };
  load();
  return h(
    "section",
    { class: "card" },
    h(
      "div",
      { class: "activity-head" },
      h(
        "div",
        {},
        h("h2", {}, "Activity"),
        h("p", { class: "fine" }, "What has happened to your images, by whomever."),
      ),
      field("Show", (id) => typeChoice(id, choose)),
    ),
    list,
    status,
    foot,
  );
}

function typeChoice(id, choose) {
  const types = Object.entries(EVENT_TYPES).filter(([type]) => type !== OF_ADMINS);
  return h(
    "select",
    { id, onchange: (event) => choose(event.target.value) },
    h("option", { value: "" }, "Everything"),
    types.map(([type, words]) => h("option", { value: type }, words)),
  );
}

/** Add an event below the heading of its day. */
function append(list, event) {
  const at = new Date(event.created_at);
  const name = day.format(at);
  let events = list.lastElementChild;
  if (events?.dataset.day !== name) {
    events = h("section", { dataset: { day: name } }, h("h3", {}, name), h("ul", { class: "events" }));
    list.append(events);
  }
  events.lastElementChild.append(row(event, at));
}

function row(event, at) {
  const { icon: drawn, text, more, href } = sentenceOf(event);
  return h(
    "li",
    { class: "event" },
    icon(drawn),
    h(
      "div",
      { class: "event-text" },
      href ? h("a", { href }, text) : h("span", {}, text),
      more && h("span", { class: "fine" }, more),
    ),
    h("time", { class: "fine", datetime: event.created_at }, time.format(at)),
  );
}
