// A folder that was dropped or picked: its name is offered as that of an album.
import { settings } from "../frame/settings.js";
import { h } from "../parts/dom.js";
import { field } from "../parts/fields.js";
import { plural } from "../parts/format.js";

/** Asks in words; `send(group)` gets `album:name` or null, and `end()` takes the question away. */
export function albumOffer({ folder, files, send, end }) {
  const answer = (group) => {
    end();
    send(group);
  };
  const name = (id) =>
    h("input", {
      id,
      name: "album",
      value: folder.trim(),
      maxlength: settings.limits.group_id_chars,
      required: true,
      autocomplete: "off",
    });
  return h(
    "form",
    {
      class: "tray-offer",
      onsubmit: (event) => {
        event.preventDefault();
        answer(`album:${event.target.elements.album.value.trim()}`);
      },
    },
    h("p", {}, `The folder “${folder}” has ${plural(files.length, "file")}.`),
    field("Album", name),
    h(
      "div",
      { class: "row" },
      h("button", { class: "button is-main" }, "Upload to this album"),
      h("button", { type: "button", class: "button", onclick: () => answer(null) }, "Without an album"),
      h("button", { type: "button", class: "button", onclick: end }, "Cancel"),
    ),
  );
}
