// Webhooks: addresses of apps to which the store sends events. A secret is shown once, when it is new.
import { person } from "../frame/auth.js";
import { call } from "../parts/api.js";
import { confirm } from "../parts/dialogs.js";
import { fill, h } from "../parts/dom.js";
import { notify } from "../parts/notices.js";
import { problemBox } from "../parts/problem-box.js";
import { showDetails } from "./webhook-details.js";
import { secretField, webhookForm } from "./webhook-form.js";
import { webhookRow, webhookTable } from "./webhook-table.js";
import { nameOf } from "./words.js";

const PATH = "/v1/webhooks";

export async function showWebhooks(root, { signal }) {
  const heading = h("h1", { tabindex: "-1" }, "Webhooks");
  const fresh = h("section", { class: "card", hidden: true, tabindex: "-1", "aria-label": "New secret" });
  const details = h("section", { class: "card", hidden: true, tabindex: "-1" });
  const list = h("tbody");
  const said = h("div", { "aria-live": "polite" }, h("p", { class: "fine" }, "Loading …"));
  root.append(
    h(
      "header",
      { class: "screen-head" },
      h(
        "div",
        {},
        heading,
        h("p", { class: "fine" }, "The store posts events to your app: an image is stored, changed …"),
      ),
    ),
    fresh,
    h(
      "section",
      { class: "card" },
      h("h2", {}, "Create a webhook"),
      webhookForm({ canHearAll: person().isAdmin, save: create }),
    ),
    h("section", { class: "card" }, h("h2", {}, "Your webhooks"), webhookTable(list), said),
    details,
  );
  await load();

  async function load() {
    try {
      const { data } = await call("GET", PATH, { signal });
      fill(list, data.items.map(row));
      sayWhetherThereAreNone();
    } catch (error) {
      if (!signal.aborted) fill(said, problemBox(error, { retry: load }));
    }
  }

  function sayWhetherThereAreNone() {
    fill(said, !list.children.length && h("p", { class: "fine" }, "No webhooks yet."));
  }

  function row(webhook) {
    return webhookRow(webhook, { open, toggle, remove });
  }

  /** Draw the row of a webhook anew; the focus stays on the same button. */
  function redraw(webhook) {
    const old = list.querySelector(`[data-webhook="${webhook.id}"]`);
    const action = old?.contains(document.activeElement) && document.activeElement.dataset.action;
    const next = row(webhook);
    old?.replaceWith(next);
    if (action) next.querySelector(`[data-action="${action}"]`).focus();
  }

  async function create(json) {
    const { data } = await call("POST", PATH, { json });
    showSecret(data.secret, `${nameOf(data)} is ready. This is its secret`);
    load(); // without waiting: the form is emptied at once, before anybody fills it in again
  }

  function open(webhook) {
    return showDetails(details, webhook, { path: path(webhook), changed: redraw, showSecret, signal });
  }

  function toggle(webhook) {
    return attempt(async () => {
      const { data } = await call("PATCH", path(webhook), { json: { enabled: !webhook.enabled } });
      redraw(data);
      notify(data.enabled ? "The webhook is enabled. It hears about events from now on." : "The webhook is disabled.");
    });
  }

  async function remove(webhook) {
    const question = {
      title: `Delete “${nameOf(webhook)}”?`,
      text: "Its secret and its deliveries are gone for good. The app hears about nothing more.",
      yes: "Delete",
      isDangerous: true,
    };
    if (!(await confirm(question))) return;
    await attempt(async () => {
      await call("DELETE", path(webhook));
      if (details.dataset.webhook === webhook.id) details.hidden = true;
      list.querySelector(`[data-webhook="${webhook.id}"]`)?.remove();
      sayWhetherThereAreNone();
      heading.focus();
      notify("The webhook is deleted.");
    });
  }

  function showSecret(secret, words) {
    fresh.hidden = false;
    fill(fresh, h("p", {}, `${words}. Keep it now: it is not shown again.`), secretField(secret));
    fresh.focus();
  }
}

const path = ({ id }) => `${PATH}/${encodeURIComponent(id)}`;

async function attempt(act) {
  try {
    await act();
  } catch (error) {
    notify(error.message, { isProblem: true });
  }
}
