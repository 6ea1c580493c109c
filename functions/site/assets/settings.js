// What the deployment tells the console of itself.

/** Filled once by `loadSettings`, before anything else runs. */
export const settings = {};

export async function loadSettings() {
  const answer = await fetch("/config.json");
  if (!answer.ok) throw new Error("The store does not say how it is set up.");
  Object.assign(settings, await answer.json());
}
