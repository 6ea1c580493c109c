// What the deployment tells the console of itself.

/** Filled once by `loadSettings`, before anything else runs. */
export const settings = {};

/** The page holds what /config.json answers. */
export function loadSettings() {
  Object.assign(settings, JSON.parse(document.querySelector("meta[name=settings]").content));
}
