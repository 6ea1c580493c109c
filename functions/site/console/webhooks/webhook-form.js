// The form of a webhook, to create one or to change it, and the field that shows its secret, once.
import { copyField } from "../parts/copy-field.js";
import { h } from "../parts/dom.js";
import { dropDraft, kept } from "../parts/drafts.js";
import { field } from "../parts/fields.js";
import { onSubmit } from "../parts/forms.js";
import { chosenTypes, typeChoices } from "./event-types.js";

const COPY = { label: "Secret of the webhook", name: "Copy secret", notice: "Secret copied." };
const NEW = { url: "", types: null, description: null };

/** A new secret, to copy. */
export const secretField = (secret) => copyField(secret, COPY);

/** The form. `save(json)` gets what the API takes. The form of a new webhook is empty again afterwards. */
export function webhookForm({ webhook = null, canHearAll = false, save }) {
  const { url, types, description } = webhook ?? NEW;
  const draft = webhook ? `webhook.${webhook.id}` : "webhook";
  const problem = h("p", { class: "form-problem", role: "alert" });
  const submit = async (sent, form) => {
    await save({
      url: sent.get("url").trim(),
      types: chosenTypes(sent, types),
      description: sent.get("description").trim() || null,
      ...(sent.get("scope") && { scope: sent.get("scope") }),
    });
    if (!webhook) empty(form);
    dropDraft(draft);
  };
  const form = h(
    "form",
    { class: "stack", onsubmit: onSubmit(submit, (text) => (problem.textContent = text)) },
    field(
      "Address",
      (id) => h("input", { id, name: "url", type: "url", required: true, value: url, autocomplete: "off" }),
      "Where your app listens, with https.",
    ),
    field("Description", (id) =>
      h("input", { id, name: "description", value: description ?? "", autocomplete: "off" }),
    ),
    typeChoices(types),
    canHearAll &&
      field("Whose events", (id) =>
        h(
          "select",
          { id, name: "scope" },
          h("option", { value: "own" }, "Mine"),
          h("option", { value: "all" }, "Those of all owners and of the store"),
        ),
      ),
    problem,
    h("p", {}, h("button", { type: "submit", class: "button is-main" }, webhook ? "Save changes" : "Create webhook")),
  );
  kept(form, draft);
  return form;
}

function empty(form) {
  form.reset();
  form.querySelector("[name=all_types]").dispatchEvent(new Event("change"));
}
