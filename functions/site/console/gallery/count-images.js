// How many images fit filters, where the store counts them: those of one tag, or of one group.
import { call } from "../parts/api.js";

/** Resolves to the number; rejects where the store does not count just these. */
export async function countImages(filters, signal) {
  const { order: _, ...chosen } = filters;
  const [name, ...others] = Object.keys(chosen);
  if (others.length) throw new Error("Only lists with one filter are counted.");
  if (name === "group") return (await read(`/v1/groups/${encodeURIComponent(chosen.group)}`)).images;
  if (name !== "tag") throw new Error("Only tags and groups are counted.");
  const { items } = await read("/v1/tags", { prefix: chosen.tag, limit: 1 });
  if (items[0]?.tag !== chosen.tag) throw new Error("The tag is not counted yet.");
  return items[0].images;

  function read(path, query) {
    return call("GET", path, { query, signal }).then(({ data }) => data);
  }
}
