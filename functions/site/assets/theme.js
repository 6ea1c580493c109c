// Runs before anything is painted, so that a chosen theme does not flash in after the system's.
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("image-store.theme");
  } catch {
    // Storage is blocked: the system's theme it is.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
