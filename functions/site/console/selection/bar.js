// The bar of a selection: how many images it has, and what can be done with them.
import { h, unique } from "../parts/dom.js";
import { count, plural } from "../parts/format.js";
import { icon } from "../parts/icons.js";
import { notify } from "../parts/notices.js";
import { loadLate } from "../frame/router.js";
import { settings } from "../frame/settings.js";

const SAID_AFTER = 400; // ms without a change, so that a range is said once

// What each button does: an action of acting.js, or a menu of several, as [action, what it gets, label]. One with
// `only` is there for so many images.
const ACTIONS = [
  {
    label: "Visibility",
    drawn: "feed",
    menu: () => [
      ["visibility", "public", "Publish: for everybody"],
      ["visibility", "unlisted", "Unlist: for whoever has the link"],
      ["visibility", "private", "Make private"],
    ],
  },
  { label: "Tags", drawn: "tag", act: "tags" },
  {
    label: "Albums",
    drawn: "group",
    act: "albums",
    menu: (group) =>
      group && [
        ["albums", null, "Add to or remove from albums"],
        ["leaveGroup", null, group.startsWith("album:") ? "Remove from this album" : "Remove from this group"],
      ],
  },
  {
    label: "Download",
    drawn: "download",
    menu: () => [
      ["download", null, "Originals"],
      ...[...new Set(["display", ...settings.presets])].map((preset) => ["download", preset, `Renditions: ${preset}`]),
    ],
  },
  { label: "Compare", drawn: "compare", act: "compare", only: 2 },
  { label: "Copy links", drawn: "copy", act: "links" },
  { label: "Share", drawn: "link", act: "share" },
  { label: "Trash", spoken: "Move to trash (Delete)", drawn: "trash", act: "trash", isDangerous: true },
];
const IN_TRASH = [
  { label: "Restore", drawn: "restore", act: "restore" },
  { label: "Delete for good", drawn: "trash", act: "remove", isDangerous: true },
];

/** The bar of a gallery, shown while something is selected. */
export function selectionBar({ root, chosen, isTrash = false, group = null, all, clear, signal }) {
  const said = h("p", { class: "unseen", role: "status" });
  const figure = h("p", { class: "selection-count" });
  const actions = h("div", { class: "selection-actions" });
  const bar = h(
    "div",
    { class: "selection", role: "toolbar", "aria-label": "Selection", "aria-controls": "months", onkeydown: move },
    iconButton("close", "Clear the selection (Escape)", clear),
    figure,
    h("button", { type: "button", class: "quiet-link", title: "Ctrl-A", onclick: all }, "Select all"),
    actions,
  );
  const offered = isTrash ? IN_TRASH : ACTIONS;
  const some = new Map(); // button -> for how many images it is
  let timer = 0,
    isBusy = false;
  for (const action of offered) {
    const menu = action.menu?.(group);
    const [button, ...rest] = menu ? menuButton(action, menu) : [actionButton(action)];
    actions.append(button, ...rest);
    if (action.only) some.set(button, action.only);
  }
  root.append(said);

  function actionButton({ label, spoken = label, drawn, act, isDangerous }) {
    const kind = isDangerous ? "button is-danger-quiet" : "button";
    
    return h(
      "button",
      { type: "button", class: kind, title: spoken, "aria-label": spoken, onclick: () => run(act) },
      icon(drawn),
      h("span", {}, label),
    );
  }

  function menuButton({ label, drawn }, menu) {
    const id = unique("selection");
    return [
      h(
        "button",
        { type: "button", class: "button", popovertarget: id, title: label, "aria-label": label },
        icon(drawn),
        h("span", {}, label),
      ),
      h(
        "div",
        { id, class: "menu selection-menu", popover: "auto", "aria-label": label, role: "group" },
        menu.map(([act, value, text]) =>
          h(
            "button",
            {
              type: "button",
              class: "nav-link",
              onclick: () => {
                document.getElementById(id).hidePopover();
                run(act, value);
              },
            },
            text,
          ),
        ),
      ),
    ];
  }

  /** Do something with what is selected now; one thing at a time. */
  async function run(act, value) {
    if (isBusy || !chosen.size) return;
    isBusy = true;
    bar.setAttribute("aria-busy", "true");
    try {
      const acts = await loadLate("acts");
      await acts[act]({ cards: chosen.cards(), value, group, chosen, signal });
    } catch (error) {
      if (!signal.aborted && error.name !== "AbortError") notify(error.message, { isProblem: true });
    } finally {
      isBusy = false;
      bar.removeAttribute("aria-busy");
    }
  }

  /** Arrows move between the buttons, of which Tab reaches one. */
  function move(event) {
    const buttons = buttonsOf(bar);
    const at = buttons.indexOf(document.activeElement);
    const step = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (step === undefined || at < 0) return;
    event.preventDefault();
    rove(buttons, buttons[(step + buttons.length) % buttons.length]).focus();
  }

  function show() {
    const { size } = chosen;
    figure.textContent = `${count(size)} selected`;
    for (const [button, number] of some) button.hidden = size !== number;
    if (size && !bar.isConnected) {
      root.append(bar);
      rove(buttonsOf(bar), buttonsOf(bar)[0]);
      loadLate("acts").catch(() => null); // A press tries again, and says why it fails.
    } else if (!size) bar.remove();
    say(size ? `${plural(size, "image")} selected` : "Nothing is selected");
  }

  function say(text) {
    clearTimeout(timer);
    timer = setTimeout(() => (said.textContent = text), SAID_AFTER);
  }

  return {
    show,
    hasFocus: () => bar.contains(document.activeElement),
    remove: () => run(isTrash ? "remove" : "trash"),
    /** Say how many images are loaded for the selection so far; null when it has them. */
    tellLoading(number) {
      if (number === null) return show();
      if (!bar.isConnected) root.append(bar);
      figure.textContent = `Loading … ${count(number)}`;
      if (said.textContent !== "Loading images to select") said.textContent = "Loading images to select";
    },
  };
}

const isOffered = (button) => !button.closest("[popover], [hidden]");
const buttonsOf = (bar) => [...bar.querySelectorAll("button")].filter(isOffered);

/** Let Tab reach this one of the buttons, which it answers. */
function rove(buttons, chosen) {
  for (const button of buttons) button.tabIndex = button === chosen ? 0 : -1;
  return chosen;
}

function iconButton(drawn, label, act) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: act },
    icon(drawn),
  );
}
