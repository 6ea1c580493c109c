// Shares: addresses under which anybody sees private images, until they expire or are revoked.
import { completed } from "../parts/completion.js";
import { confirm } from "../parts/dialogs.js";
import { fill, h } from "../parts/dom.js";
import { dropDraft, kept } from "../parts/drafts.js";
import { listen } from "../parts/events.js";
import { field } from "../parts/fields.js";
import { atMoment, onDay } from "../parts/format.js";
import { onSubmit } from "../parts/forms.js";
import { icon } from "../parts/icons.js";
import { notify } from "../parts/notices.js";
import { nothing } from "../parts/screen-head.js";
import { suggestGroups } from "../parts/suggestions.js";
import { forgetShare } from "./copy-menu.js";
import { openShareCopies } from "./share-dialog.js";
import { shareFields, shareRequest } from "./share-fields.js";
import { createShare, revokeShare, sharesPage, shows } from "./sharing.js";

const DRAFT = "shares";
const PAGE = 20;
const STATES = { active: ["succeeded", "Active"], expired: ["cancelled", "Expired"], revoked: ["failed", "Revoked"] };
const TARGETS = [
  ["all", "All my images, later ones too"],
  ["group", "The images of a group"],
  ["image_id", "One image"],
];

/** The list, and the form of a new share; `image_id` or `group` in the address fill the form in. */
export async function showShares(root, { query, signal }) {
  const list = h("ul", { class: "items", "aria-label": "Shares" });
  const more = h("p", { class: "row" }, "Loading …");
  const add = (share) => {
    root.querySelector(".empty")?.remove();
    list.prepend(row(share));
  };
  root.append(
    h(
      "header",
      { class: "screen-head" },
      h(
        "div",
        {},
        h("h1", { tabindex: "-1" }, "Shares"),
        h("p", { class: "fine" }, "Whoever has the address of a share sees its images without signing in."),
      ),
    ),
    form(query, () => list.querySelector("button").focus()),
    list,
    more,
  );
  listen("share-created", add, signal);
  async function load(cursor) {
    const { items, next_cursor: next } = await sharesPage({ limit: PAGE, cursor }, signal);
    list.append(...items.map(row));
    fill(
      more,
      next && h("button", { type: "button", class: "button", onclick: () => load(next) }, "Show older shares"),
    );
    if (!list.children.length)
      root.append(nothing("link", "No share yet", "Share an image, a group or everything with the form above."));
  }
  await load(null);
}

function form(query, created) {
  const isFilledIn = query.has("image_id") || query.has("group");
  const chosen = query.get("image_id") ? "image_id" : query.get("group") ? "group" : "all";
  const texts = {
    group: field("Group", (id) =>
      completed(h("input", { id, name: "group", placeholder: "album:summer", value: query.get("group") ?? "" }), {
        suggest: suggestGroups,
      }),
    ),
    image_id: field("Id of the image", (id) =>
      h("input", { id, name: "image_id", value: query.get("image_id") ?? "" }),
    ),
  };
  const draw = (what) => {
    for (const [name, element] of Object.entries(texts)) {
      element.hidden = name !== what;
      element.querySelector("input").required = name === what;
    }
  };
  draw(chosen);
  const create = async (sent, form) => {
    const what = sent.get("what");
    const target = what === "all" ? { all: true } : { [what]: sent.get(what).trim() };
    await createShare({ ...target, ...shareRequest(sent) });
    dropDraft(DRAFT);
    form.elements.name.value = "";
    created();
    notify("The share is ready.");
  };
  const element = h(
    "form",
    { class: "card stack", onsubmit: onSubmit(create, (text) => text && notify(text, { isProblem: true })) },
    h("h2", {}, "New share"),
    field("Shows", (id) =>
      h(
        "select",
        { id, name: "what", onchange: (event) => draw(event.target.value) },
        TARGETS.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
      ),
    ),
    Object.values(texts),
    shareFields(),
    h("p", {}, h("button", { class: "button is-main" }, "Create share")),
  );
  if (isFilledIn) dropDraft(DRAFT); // The address says what is meant.
  kept(element, DRAFT);
  return element;
}

function row(share) {
  const [style, name] = STATES[share.status];
  const item = h(
    "li",
    { class: "item share-item" },
    h(
      "div",
      { class: "item-text" },
      h("b", {}, share.name ?? "Without a name"),
      h(
        "p",
        { class: "item-facts" },
        h("span", {}, h("a", { href: placeOf(share) }, shows(share))),
        h("span", {}, share.presets ? share.presets.join(", ") : "All sizes"),
        h("span", {}, `Created ${onDay(share.created_at)}`),
        h("span", {}, ended(share)),
        h("span", {}, share.last_used_at ? `Last used ${atMoment(share.last_used_at)}` : "Never used"),
      ),
    ),
    h("span", { class: `state is-${style}` }, name),
    share.status === "active" &&
      h(
        "div",
        { class: "row" },
        share.url_prefix &&
          h(
            "button",
            { type: "button", class: "button", onclick: () => openShareCopies(share) },
            icon("link"),
            "Copy …",
          ),
        h(
          "button",
          { type: "button", class: "button is-danger-quiet", onclick: () => revoke(share, item) },
          "Revoke",
        ),
      ),
  );
  return item;
}

const placeOf = (share) =>
  share.all
    ? "#/"
    : share.group
      ? `#/groups/${encodeURIComponent(share.group)}`
      : `#/images/${encodeURIComponent(share.image_id)}`;

const ended = (share) =>
  share.revoked_at ? `Revoked ${atMoment(share.revoked_at)}` : `Ends ${atMoment(share.expires_at)}`;

async function revoke(share, item) {
  const isSure = await confirm({
    title: "Revoke this share?",
    text: "Its addresses stop working within a minute, for good.",
    yes: "Revoke",
    isDangerous: true,
  });
  if (!isSure) return;
  try {
    await revokeShare(share.id);
    forgetShare(share.id);
    item.replaceWith(row({ ...share, status: "revoked", revoked_at: new Date().toISOString() }));
    notify("Revoked.");
  } catch (error) {
    notify(error.message, { isProblem: true });
  }
}
