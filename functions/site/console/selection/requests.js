// The routes that change many images in one request, and one image as they leave it.
import { call, getImage } from "../parts/api.js";

const post = async (name, json, signal) => (await call("POST", `/v1/images/batch-${name}`, { json, signal })).data;

/** Steps of `runBatch`: each answers `{successful, failed}`. */
export const updating = (changes) => (ids, signal) => post("update", { ids, ...changes }, signal);
export const trashing = (ids, signal) => post("delete", { ids }, signal);
export const deletingForGood = (ids, signal) => post("delete", { ids, permanent: true }, signal);
export const restoring = (ids, signal) => post("restore", { ids }, signal);

/** A step that reads each image into a map, by its id; to be used with a size of 1. */
export const readingInto = (images) => async (ids, signal) => {
  for (const id of ids) images.set(id, (await getImage(id, signal)).image);
  return { successful: ids, failed: [] };
};

/** A step that does `changes` to each image as its way says: ways are `{changes, ids}`. */
export const byWay = (ways) => async (ids, signal) => {
  const wanted = new Set(ids);
  const answers = [];
  for (const way of ways) {
    const own = way.ids.filter((id) => wanted.has(id));
    if (own.length) answers.push(await updating(way.changes)(own, signal));
  }
  return {
    successful: answers.flatMap((answer) => answer.successful),
    failed: answers.flatMap((answer) => answer.failed),
  };
};
