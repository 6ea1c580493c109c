// How many images fit filters, where the store counts them: those of one tag, or of one group.
import { readGroup } from "../albums/groups-api.js";
import { call } from "../parts/api.js";

const ALIKE = 5; // tags that differ in case or accents alone stand side by side

/** Resolves to the number; rejects where the store does not count just these. */
export async function countImages(filters, signal) {
  const { order: _, ...chosen } = filters;
  const [name, ...others] = Object.keys(chosen);
  if (others.length) throw new Error("Only lists with one filter are counted.");
  if (name === "group") return (await readGroup(chosen.group, signal)).images;
  if (name !== "tag") throw new Error("Only tags and groups are counted.");
  const query = { prefix: chosen.tag, limit: ALIKE };
  const { data } = await call("GET", "/v1/tags", { query, signal, isBackground: true });
  const counted = data.items.find(({ tag }) => tag === chosen.tag);
  if (!counted) throw new Error("The tag is not counted yet.");
  return counted.images;
}
