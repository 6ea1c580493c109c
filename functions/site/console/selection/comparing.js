// Two selected images, side by side.
import { loadLate } from "../frame/router.js";

export async function compare({ cards }) {
  const openCompare = await loadLate("openCompare");
  openCompare(cards.map(({ id }) => id));
}
