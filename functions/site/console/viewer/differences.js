// What two people changed in one image at the same time: shown side by side, with a choice for each attribute.
import { h, unique } from "../parts/dom.js";
import { ATTRIBUTES } from "./attributes.js";

/**
 * Compare the texts of a form: as it began (`before`), as it is typed (`mine`), and as somebody else stored them
 * (`theirs`). Answers `{texts, both, theirs}`: what the form shows, and the attributes that both changed, or only they.
 * What both changed stays as it was typed.
 */
export function differences({ before, mine, theirs }) {
  const found = { texts: {}, both: [], theirs: [] };
  for (const { name, label } of ATTRIBUTES) {
    const isMine = mine[name] !== before[name];
    const isTheirs = theirs[name] !== before[name];
    found.texts[name] = isMine ? mine[name] : theirs[name];
    const one = { name, label, mine: mine[name], theirs: theirs[name] };
    if (isMine && isTheirs && mine[name] !== theirs[name]) found.both.push(one);
    else if (isTheirs && !isMine) found.theirs.push(one);
  }
  return found;
}

/** What differs, with choices; null if nothing does. `take(name, text)` puts a text into the form. */
export function differencesBox({ both, theirs }, { take, field }) {
  if (!both.length && !theirs.length) return null;
  return h(
    "section",
    { class: "box stack", "aria-label": "Changed by somebody else" },
    h("h2", { tabindex: "-1" }, "Somebody changed this image meanwhile"),
    h(
      "p",
      { class: "fine" },
      both.length
        ? "What you typed is still here, and not saved yet. Choose, then save."
        : "What you typed is still here, and not saved yet. Save it to keep both.",
    ),
    both.map((one) => choice(one, { take, field })),
    theirs.length > 0 && h("p", {}, "Taken over: ", theirs.map(({ label }) => label).join(", "), "."),
  );
}

function choice({ name, label, mine, theirs }, { take, field }) {
  const group = unique("choice");
  let kept = mine;
  const radio = (text, isMine) =>
    h(
      "label",
      { class: "difference" },
      h("input", { type: "radio", name: group, checked: isMine, onchange: () => take(name, isMine ? kept : theirs) }),
      h(
        "span",
        {},
        h("b", {}, isMine ? "Yours" : "Theirs"),
        h("span", { class: "difference-text" }, text || "(empty)"),
      ),
    );
  const own = radio(mine, true);
  const other = radio(theirs, false);
  // What is typed from now on is one's own.
  field(name).addEventListener("input", ({ target }) => {
    kept = target.value;
    own.querySelector(".difference-text").textContent = kept || "(empty)";
    own.querySelector("input").checked = true;
  });
  return h("fieldset", { class: "stack" }, h("legend", {}, label), own, other);
}
