// What somebody typed and did not save yet: it outlives a session that ends, and goes when it is saved or given up.
import { DRAFTS } from "../frame/auth.js";
import { h } from "./dom.js";

const key = (name) => DRAFTS + name;

/** The fields of a form as they were typed; null when there is no draft. */
export function draftOf(name) {
  try {
    return JSON.parse(sessionStorage.getItem(key(name)));
  } catch {
    return null;
  }
}

/** Keep what is typed into a form from now on. */
export function keepDraft(form, name) {
  form.addEventListener("input", () => {
    try {
      sessionStorage.setItem(
        key(name),
        JSON.stringify(Object.fromEntries([...new FormData(form)].filter(([, value]) => typeof value === "string"))),
      );
    } catch {
      // Storage is blocked or full: the form works without it.
    }
  });
}

export function dropDraft(name) {
  sessionStorage.removeItem(key(name));
}

/**
 * Fill a form with its draft, which it then says, and keep what is typed into it from now on. To be called when all
 * fields are there. Passwords and files are never kept.
 */
export function kept(form, name) {
  const draft = draftOf(name);
  const changed = draft ? [...form.elements].filter((control) => restore(control, draft[control.name])) : [];
  if (changed.length) form.prepend(h("p", { class: "box", role: "status" }, "What you typed before is still here."));
  const keep = () => {
    const fields = {};
    for (const control of form.elements)
      if (isKept(control)) (fields[control.name] ??= []).push(...valuesOf(control));
    try {
      sessionStorage.setItem(key(name), JSON.stringify(fields));
    } catch {
      // Storage is blocked or full: the form works without it.
    }
  };
  form.addEventListener("input", keep);
  form.addEventListener("change", keep);
}

const isChoice = ({ type }) => type === "checkbox" || type === "radio";
const isKept = ({ name, type }) => name && !["password", "file", "submit", "button"].includes(type);
const valuesOf = (control) => (isChoice(control) && !control.checked ? [] : [control.value]);

/** Whether that changed something. */
function restore(control, values) {
  if (!values || !isKept(control)) return false;
  const before = isChoice(control) ? control.checked : control.value;
  if (isChoice(control)) control.checked = values.includes(control.value);
  else control.value = values[0] ?? "";
  const after = isChoice(control) ? control.checked : control.value;
  if (after === before) return false;
  control.dispatchEvent(new Event("change", { bubbles: true })); // others may depend on it
  return true;
}
