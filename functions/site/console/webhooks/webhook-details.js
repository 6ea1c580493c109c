// One webhook: its settings, its secret, and what was sent to it.
import { call } from "../parts/api.js";
import { fill, h } from "../parts/dom.js";
import { notify } from "../parts/notices.js";
import { deliveryList } from "./deliveries.js";
import { rotation } from "./secret.js";
import { sending } from "./sending.js";
import { webhookForm } from "./webhook-form.js";
import { nameOf } from "./words.js";

/** Show a webhook in `root` and move the focus there. `changed(webhook)` is called after each change. */
export async function showDetails(root, webhook, { path, changed, showSecret, signal }) {
  const refresh = async () => {
    const [{ data }] = await Promise.all([call("GET", path, { signal }), deliveries.load()]);
    changed(data);
  };
  const { element: buttons, again } = sending(path, { replay: webhook.replay, sent: refresh, signal });
  const deliveries = deliveryList(path, { again, signal });
  const save = async (json) => {
    const { data } = await call("PATCH", path, { json });
    changed(data);
    notify("The webhook is saved.");
  };
  const rotated = ({ secret, ...data }, words) => {
    changed(data);
    fill(secretSection, rotation(data, path, { rotated }));
    showSecret(secret, `${words}. This is the new one`);
  };
  const secretSection = h("div", {}, rotation(webhook, path, { rotated }));
  root.hidden = false;
  root.dataset.webhook = webhook.id;
  root.setAttribute("aria-label", `Settings and deliveries of ${nameOf(webhook)}`);
  fill(
    root,
    h(
      "div",
      { class: "stack" },
      h("h2", {}, `Settings of ${nameOf(webhook)}`),
      webhookForm({ webhook, save }),
      h("h2", {}, "Secret"),
      secretSection,
      h("h2", {}, "Send"),
      buttons,
      h("h2", {}, "Deliveries"),
      deliveries.element,
    ),
  );
  root.focus();
  await deliveries.load();
}
