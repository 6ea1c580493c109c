// The form that creates an API key, and the field that shows the key, once.
import { copyField } from "../parts/copy-field.js";
import { h, unique } from "../parts/dom.js";
import { dropDraft, kept } from "../parts/drafts.js";
import { field } from "../parts/fields.js";
import { onSubmit } from "../parts/forms.js";

const SCOPES = {
  "images:read": "See and download images",
  "images:write": "Store, change and delete images",
  "generations:write": "Generate images",
};
const SCOPES_OF_ADMINS = { "act-as": "Act for any owner", "images:admin": "Do what admins may do" };
const LIFETIMES = { 30: "In 30 days", 90: "In 90 days", 365: "In a year", "": "Never" };
const COPY = { label: "API key", name: "Copy key", notice: "Key copied." };
const DAY = 86_400_000;
const DRAFT = "key";

/** A new key, to copy. */
export const keyField = (key) => copyField(key, COPY);

/** The form. `usual` are the scopes that are chosen at first; `create(json)` gets what the API takes. */
export function keyForm({ isAdmin, create, usual = ["images:read", "images:write"] }) {
  const problem = h("p", { class: "form-problem", role: "alert" });
  const scopes = { ...SCOPES, ...(isAdmin && SCOPES_OF_ADMINS) };
  const submit = async (sent, { elements }) => {
    await create({
      name: sent.get("name").trim(),
      scopes: sent.getAll("scope"),
      ...(sent.get("owner") && { owner: sent.get("owner") }),
      ...(sent.get("days") && { expires_at: new Date(Date.now() + sent.get("days") * DAY).toISOString() }),
    });
    elements.name.value = "";
    dropDraft(DRAFT);
  };
  const form = h(
    "form",
    { class: "stack", onsubmit: onSubmit(submit, (text) => (problem.textContent = text)) },
    field("Name", (id) => h("input", { id, name: "name", required: true, autocomplete: "off" }), "What it is for."),
    h(
      "fieldset",
      { class: "stack" },
      h("legend", {}, "What it may do"),
      Object.entries(scopes).map(([scope, words]) => choice(scope, words, usual.includes(scope))),
    ),
    field("Expires", (id) =>
      h(
        "select",
        { id, name: "days" },
        Object.entries(LIFETIMES).map(([value, words]) => h("option", { value }, words)),
      ),
    ),
    isAdmin &&
      field("Owner", (id) => h("input", { id, name: "owner", autocomplete: "off" }), "Empty for your own images."),
    problem,
    h("p", {}, h("button", { type: "submit", class: "button is-main" }, "Create key")),
  );
  kept(form, DRAFT);
  return form;
}

function choice(scope, words, isUsual) {
  const id = unique("scope");
  return h(
    "div",
    { class: "row" },
    h("input", { id, type: "checkbox", name: "scope", value: scope, checked: isUsual }),
    h("label", { for: id }, `${words} (${scope})`),
  );
}
