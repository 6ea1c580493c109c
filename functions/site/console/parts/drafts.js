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
