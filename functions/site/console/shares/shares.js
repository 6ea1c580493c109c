// Shares: addresses under which anybody sees private images, until they expire or are revoked.
import { nothing } from "../gallery/images.js";
import { call } from "../parts/api.js";
import { copyField } from "../parts/copy-field.js";
import { confirm } from "../parts/dialogs.js";
import { fill, h } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { atMoment } from "../parts/format.js";
import { onSubmit } from "../parts/forms.js";
import { notify } from "../parts/notices.js";

const PATH = "/v1/shares";
const LIFETIMES = { 3600: "An hour", 86400: "A day", 604800: "A week", 2592000: "30 days", 31622400: "366 days" };
const STATES = { active: ["succeeded", "Active"], expired: ["cancelled", "Expired"], revoked: ["failed", "Revoked"] };

/** The list, and the form of a new share; `image_id` or `group` in the address fill the form in. */
export async function showShares(root, { query, signal }) {
  const list = h("ul", { class: "items" });
  const more = h("p", { class: "row" }, "Loading …");
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
    form(query, (share) => {
      root.querySelector(".empty")?.remove();
      list.prepend(row(share));
      list.querySelector("input")?.focus();
    }),
    list,
    more,
  );
  async function load(cursor) {
    const { data } = await call("GET", PATH, { query: { limit: 20, cursor }, signal });
    list.append(...data.items.map(row));
    fill(
      more,
      data.next_cursor &&
        h("button", { type: "button", class: "button", onclick: () => load(data.next_cursor) }, "Show older shares"),
    );
    if (!list.children.length)
      root.append(nothing("link", "No share yet", "Share an image, a group or everything with the form above."));
  }
  await load(null);
}

function form(query, created) {
  const chosen = query.get("image_id") ? "image_id" : query.get("group") ? "group" : "all";
  const target = h("div", {});
  const draw = (what) =>
    fill(
      target,
      what === "group" &&
        field("Group", (id) =>
          h("input", {
            id,
            name: "group",
            required: true,
            placeholder: "album:summer",
            value: query.get("group") ?? "",
          }),
        ),
      what === "image_id" &&
        field("Id of the image", (id) =>
          h("input", { id, name: "image_id", required: true, value: query.get("image_id") ?? "" }),
        ),
    );
  draw(chosen);
  const create = async (sent) => {
    const { what, expires_in: seconds, ...texts } = Object.fromEntries(sent);
    const json = { expires_in: Number(seconds), ...(what === "all" && { all: true }) };
    for (const [name, text] of Object.entries(texts)) if (text.trim()) json[name] = text.trim();
    created((await call("POST", PATH, { json })).data);
    notify("The share is ready.");
  };
  return h(
    "form",
    { class: "card stack", onsubmit: onSubmit(create, (text) => text && notify(text, { isProblem: true })) },
    h("h2", {}, "New share"),
    field("Shows", (id) =>
      h(
        "select",
        { id, name: "what", onchange: (event) => draw(event.target.value) },
        [
          ["all", "All my images, later ones too"],
          ["group", "The images of a group"],
          ["image_id", "One image"],
        ].map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
      ),
    ),
    target,
    field("For", (id) =>
      h(
        "select",
        { id, name: "expires_in" },
        Object.entries(LIFETIMES).map(([value, text]) => h("option", { value }, text)),
      ),
    ),
    field("Name", (id) => h("input", { id, name: "name", autocomplete: "off" }), "For this list only."),
    h("p", {}, h("button", { class: "button is-main" }, "Create share")),
  );
}

function row(share) {
  const [style, name] = STATES[share.status];
  const item = h(
    "li",
    { class: "item" },
    h(
      "div",
      { class: "item-text" },
      h("b", {}, share.name ?? shows(share)),
      h(
        "p",
        { class: "item-facts" },
        share.name && h("span", {}, shows(share)),
        share.presets && h("span", {}, share.presets.join(", ")),
        h("span", {}, `Created ${atMoment(share.created_at)}`),
        h("span", {}, ended(share)),
      ),
      share.status === "active" &&
        share.url_prefix &&
        copyField(share.image_id ? picture(share) : share.url_prefix, {
          label: share.image_id ? "Address of the image" : "Address; add /image-id/preset",
          name: "Copy address",
        }),
    ),
    h("span", { class: `state is-${style}` }, name),
    share.status === "active" &&
      h("button", { type: "button", class: "button is-danger-quiet", onclick: () => revoke(share, item) }, "Revoke"),
  );
  return item;
}

const shows = (share) => (share.all ? "All images" : share.group ? `Group ${share.group}` : `Image ${share.image_id}`);

const ended = (share) =>
  share.revoked_at ? `Revoked ${atMoment(share.revoked_at)}` : `Ends ${atMoment(share.expires_at)}`;

const picture = ({ url_prefix: prefix, image_id: id, presets }) =>
  `${prefix}/${id}/${!presets || presets.includes("display") ? "display" : presets[0]}`;

async function revoke(share, item) {
  const isSure = await confirm({
    title: "Revoke this share?",
    text: "Its address stops working within a minute, for good.",
    yes: "Revoke",
    isDangerous: true,
  });
  if (!isSure) return;
  try {
    await call("DELETE", `${PATH}/${share.id}`);
    item.replaceWith(row({ ...share, status: "revoked", revoked_at: new Date().toISOString() }));
    notify("Revoked.");
  } catch (error) {
    notify(error.message, { isProblem: true });
  }
}
