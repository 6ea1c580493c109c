// What somebody typed and did not save yet: it outlives a session that ends, and goes when it is saved or given up.

const key = (name) => `image-store.draft.${name}`;

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
 * Fill a form with its draft, and keep what is typed into it from now on; answers whether there was a draft. To be
 * called when all fields are there. Passwords and files are never kept.
 */
export function kept(form, name) {
  const draft = draftOf(name);
  if (draft) for (const control of form.elements) restore(control, draft[control.name]);
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
  return draft !== null;
}

const isChoice = ({ type }) => type === "checkbox" || type === "radio";
const isKept = ({ name, type }) => name && !["password", "file", "submit", "button"].includes(type);
const valuesOf = (control) => (isChoice(control) && !control.checked ? [] : [control.value]);

function restore(control, values) {
  if (!values || !isKept(control)) return;
  const before = isChoice(control) ? control.checked : control.value;
  if (isChoice(control)) control.checked = values.includes(control.value);
  else control.value = values[0] ?? "";
  const after = isChoice(control) ? control.checked : control.value;
  if (after !== before) control.dispatchEvent(new Event("change", { bubbles: true })); // others may depend on it
}
