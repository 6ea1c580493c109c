// A text field that suggests what could be typed: a combobox with a list, as the WAI-ARIA practices describe it.
import { fill, h, unique } from "./dom.js";
import { plural } from "./format.js";

const AFTER_TYPING = 120; // ms
const MOST = 8; // suggestions that are shown
const ROOM = 320; // pixels that the list may take

/**
 * Make a combobox of a field and answer it. `suggest(text, signal)` resolves to `[{value, label, detail}]`: what is
 * put into the field, how it is shown (the value, unless there is another), and a few words beside it. With `many` the
 * field has a list, "a, b", and its last entry is completed. What fails suggests nothing.
 */
export function completed(input, { suggest, many = false }) {
  const list = h("ul", { id: unique("suggestions"), class: "suggestions", role: "listbox", popover: "manual" });
  const said = h("span", { class: "unseen", role: "status" });
  let options = [],
    active = -1,
    timer = 0,
    asked = null;

  const isOpen = () => list.isConnected && list.matches(":popover-open");
  const entries = () => (many ? input.value.split(",") : [input.value]);
  const typed = () => entries().at(-1).trim();

  function later() {
    clearTimeout(timer);
    timer = setTimeout(ask, AFTER_TYPING);
  }

  async function ask() {
    clearTimeout(timer);
    asked?.abort();
    const mine = (asked = new AbortController());
    const text = typed();
    const taken = new Set(entries().slice(0, -1).map((entry) => entry.trim()));
    const found = await Promise.resolve(suggest(text, mine.signal)).catch(() => []);
    if (mine.signal.aborted || !isFocused()) return;
    show(found.filter(({ value }) => !taken.has(value)).slice(0, MOST), text);
  }

  function show(found, text) {
    if (!found.length || (found.length === 1 && found[0].value === text)) return close();
    options = found;
    mark(-1);
    fill(
      list,
      found.map(({ value, label = value, detail }, index) =>
        h(
          "li",
          { id: `${list.id}-${index}`, role: "option", "aria-selected": "false", onclick: () => take(index) },
          h("span", {}, label),
          detail && h("span", { class: "fine" }, detail),
        ),
      ),
    );
    // Beside the field: what is not in the same dialog or menu could not be pressed there.
    if (!list.isConnected) input.after(list, said);
    if (!isOpen()) {
      list.showPopover();
      addEventListener("scroll", place, { capture: true, passive: true });
      addEventListener("resize", place, { passive: true });
    }
    input.setAttribute("aria-expanded", "true");
    input.setAttribute("aria-controls", list.id);
    said.textContent = plural(found.length, "suggestion");
    place();
  }

  function place() {
    const box = input.getBoundingClientRect();
    const below = innerHeight - box.bottom - 12;
    const isAbove = below < Math.min(ROOM, list.scrollHeight) && box.top > below;
    const room = Math.min(ROOM, isAbove ? box.top - 12 : below);
    const set = (name, value) => list.style.setProperty(name, value);
    set("left", `${box.left}px`);
    set("min-width", `${box.width}px`);
    set("max-width", `${Math.max(box.width, innerWidth - box.left - 12)}px`);
    set("max-height", `${room}px`);
    set("top", isAbove ? "auto" : `${box.bottom + 4}px`);
    set("bottom", isAbove ? `${innerHeight - box.top + 4}px` : "auto");
  }

  function close() {
    clearTimeout(timer);
    asked?.abort();
    options = [];
    mark(-1);
    said.textContent = "";
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-controls");
    if (!isOpen()) return;
    list.hidePopover();
    removeEventListener("scroll", place, { capture: true });
    removeEventListener("resize", place);
  }

  function mark(index) {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = index;
    const option = list.children[index];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function take(index) {
    const kept = entries().slice(0, -1).map((entry) => entry.trim());
    input.value = many ? [...kept, options[index].value, ""].join(", ") : options[index].value;
    // Whoever keeps what was typed hears of it.
    for (const name of ["input", "change"]) input.dispatchEvent(new Event(name, { bubbles: true }));
    input.focus();
    close();
  }

  const isFocused = () => document.activeElement === input;

  function keys(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && event.altKey) {
      if (step > 0) ask();
      else close();
    } else if (step && isOpen()) mark(next(step));
    else if (step > 0) ask();
    else if (event.key === "Enter" && active >= 0) take(active);
    else if (event.key === "Escape" && isOpen()) {
      event.stopPropagation();
      close();
    } else return;
    event.preventDefault();
  }

  /** From the field through the suggestions and back to it. */
  function next(step) {
    const at = active + step;
    return at < -1 ? options.length - 1 : at >= options.length ? -1 : at;
  }

  const properties = {
    role: "combobox",
    autocomplete: "off",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    spellcheck: "false",
  };
  for (const [name, value] of Object.entries(properties)) input.setAttribute(name, value);
  input.addEventListener("input", (event) => event.isTrusted && later());
  input.addEventListener("click", () => !isOpen() && ask());
  input.addEventListener("keydown", keys);
  input.addEventListener("blur", close);
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // The field keeps the focus.
  return input;
}
