// API keys: create, list, limit, rotate and revoke them. A key is shown in the box of a new one alone.
import { person } from "../frame/auth.js";
import { call } from "../parts/api.js";
import { confirm } from "../parts/dialogs.js";
import { fill, h, unique } from "../parts/dom.js";
import { atMoment, onDay } from "../parts/format.js";
import { notify } from "../parts/notices.js";
import { problemBox } from "../parts/problem-box.js";
import { showDetails } from "./key-details.js";
import { keyField, keyForm } from "./key-form.js";

const STATES = { active: "Active", expired: "Expired", revoked: "Revoked" };
const PAGE = 50;

export async function showKeys(root, { signal }) {
  const { isAdmin } = person();
  const fresh = h("section", { class: "card", hidden: true, tabindex: "-1", "aria-label": "New key" });
  const details = h("section", { class: "card", hidden: true, tabindex: "-1" });
  const list = h("tbody");
  const more = h("p", { class: "row" });
  const none = h("p", { class: "fine" }, "Loading …");
  const all = h("input", { type: "checkbox", id: unique("all"), onchange: () => load(null) });
  root.append(
    h(
      "header",
      { class: "screen-head" },
      h(
        "div",
        {},
        h("h1", { tabindex: "-1" }, "API keys"),
        h("p", { class: "fine" }, "A key lets a program call the store without a user: a cron job, a webhook …"),
      ),
    ),
    fresh,
    h("section", { class: "card" }, h("h2", {}, "Create a key"), keyForm({ isAdmin, create })),
    h(
      "section",
      { class: "card" },
      h("h2", {}, "Keys"),
      isAdmin && h("p", { class: "row" }, all, h("label", { for: all.id }, "Keys of all owners")),
      table(list, isAdmin),
      none,
      more,
    ),
    details,
  );
  await load(null);

  async function load(cursor) {
    const query = { limit: PAGE, cursor, all_owners: all.checked ? "true" : null };
    try {
      const { data } = await call("GET", "/v1/keys", { query, signal });
      if (all.checked !== Boolean(query.all_owners)) return; // another list was chosen meanwhile
      if (cursor === null) list.replaceChildren();
      list.append(...data.items.map((key) => row(key, isAdmin, { open, rotate, revoke })));
      none.textContent = list.children.length ? "" : "No keys yet.";
      fill(
        more,
        data.next_cursor &&
          h("button", { type: "button", class: "button", onclick: () => load(data.next_cursor) }, "Show more keys"),
      );
    } catch (error) {
      if (!signal.aborted) fill(more, problemBox(error, { retry: () => load(cursor) }));
    }
  }

  function open(key) {
    return showDetails(details, key, path(key), signal);
  }

  async function create(json) {
    const { data } = await call("POST", "/v1/keys", { json });
    show(data, "This is the new key");
    await load(null);
  }

  async function rotate(key) {
    const question = {
      title: `Rotate “${key.name}”?`,
      text: "You get a new key. The old one works for another day, and one from an earlier rotation ends at once.",
      yes: "Rotate",
    };
    if (!(await confirm(question))) return;
    await attempt(async () => {
      const { data } = await call("POST", `${path(key)}/rotate`);
      show(data, `The old key works until ${atMoment(data.previous_secret_until)}. This is the new one`);
      await load(null);
    });
  }

  async function revoke(key) {
    const question = {
      title: `Revoke “${key.name}”?`,
      text: "Programs that use it are refused within a minute. This cannot be undone.",
      yes: "Revoke",
      isDangerous: true,
    };
    if (!(await confirm(question))) return;
    await attempt(async () => {
      await call("DELETE", path(key));
      notify("The key is revoked.");
      await load(null);
    });
  }

  function show({ key }, words) {
    fresh.hidden = false;
    fill(fresh, h("p", {}, `${words}. Keep it now: it is not shown again.`), keyField(key));
    fresh.focus();
  }
}

const path = ({ id }) => `/v1/keys/${encodeURIComponent(id)}`;

async function attempt(act) {
  try {
    await act();
  } catch (error) {
    notify(error.message, { isProblem: true });
  }
}

function table(list, isAdmin) {
  const names = ["Name", "State", "May", isAdmin && "Owner", "Last used", "Expires", "Actions"].filter(Boolean);
  return h(
    "div",
    { class: "table-frame", tabindex: "0", role: "region", "aria-label": "API keys" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          names.map((name) => h("th", {}, name)),
        ),
      ),
      list,
    ),
  );
}

function row(key, isAdmin, { open, rotate, revoke }) {
  const button = (name, kind, act) =>
    h(
      "button",
      { type: "button", class: `button ${kind}`, "aria-label": `${name} ${key.name}`, onclick: () => act(key) },
      name,
    );
  return h(
    "tr",
    {},
    h("td", { class: "is-wide" }, h("b", {}, key.name), h("p", { class: "fine" }, key.id)),
    h("td", {}, h("span", { class: `state is-${key.status === "active" ? "ok" : "cancelled"}` }, STATES[key.status])),
    h("td", { class: "is-wide" }, key.scopes.join(", ")),
    isAdmin && h("td", { class: "is-wide" }, key.owner),
    h("td", {}, key.last_used_at ? onDay(key.last_used_at) : "–"),
    h("td", {}, key.expires_at ? onDay(key.expires_at) : "Never"),
    h(
      "td",
      {},
      h(
        "div",
        { class: "row" },
        button("Limits and usage", "", open),
        key.status === "active" && [button("Rotate", "", rotate), button("Revoke", "is-danger-quiet", revoke)],
      ),
    ),
  );
}
