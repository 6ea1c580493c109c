// Searches under a name: the words and filters of a list, kept on this device for whoever is signed in.
import { fill, h } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { onSubmit } from "../parts/forms.js";
import { icon } from "../parts/icons.js";
import { notify } from "../parts/notices.js";
import { readOwn, writeOwn } from "../parts/own-storage.js";

const NAME = "searches";
const MOST = 50;
const NAME_CHARS = 80;

const isSearch = (one) => typeof one?.name === "string" && typeof one.address === "string";

function searches() {
  const stored = readOwn(NAME, []);
  return Array.isArray(stored) ? stored.filter(isSearch) : [];
}

/**
 * The searches that were saved, and a form that saves the one at `address` under a name; `suggestion` is a name for it,
 * and empty where the address has neither words nor filters.
 */
export function savedSearches({ address, suggestion }) {
  const root = h("section", { class: "stack saved-searches", tabindex: "-1", "aria-label": "Saved searches" });
  draw();
  return root;

  function draw() {
    const all = searches();
    const isSaved = all.some((one) => one.address === address);
    root.hidden = !all.length && !suggestion;
    fill(
      root,
      h("h2", {}, "Saved searches"),
      all.length > 0 && h("ul", {}, all.map(entry)),
      suggestion && !isSaved && form(),
    );
  }

  function entry({ name, address: place }) {
    return h(
      "li",
      { class: "row" },
      h(
        "a",
        { class: "quiet-link", href: `#${place}`, "aria-current": place === address ? "true" : null },
        icon("search"),
        name,
      ),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": `Forget the search ${name}`,
          onclick: () => forget(name),
        },
        icon("close"),
      ),
    );
  }

  function form() {
    const save = (sent) => {
      const name = sent.get("name").trim();
      if (!name) return;
      put([{ name, address }, ...searches().filter((one) => one.name !== name)].slice(0, MOST));
      notify(`The search “${name}” is saved on this device.`);
    };
    return h(
      "form",
      { class: "row is-even", onsubmit: onSubmit(save, () => null) },
      field("Save this search as", (id) =>
        h("input", { id, name: "name", value: suggestion, maxlength: NAME_CHARS, required: true, autocomplete: "off" }),
      ),
      h("button", { class: "button" }, "Save"),
    );
  }

  function forget(name) {
    put(searches().filter((one) => one.name !== name));
    root.focus();
  }

  function put(changed) {
    if (!writeOwn(NAME, changed))
      notify("This browser keeps nothing here. The search is not saved.", { isProblem: true });
    draw();
  }
}
