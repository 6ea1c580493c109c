// The routes that change many images in one request, and one image as they leave it.
import { call, getImage, restoreImage } from "../parts/api.js";

const post = async (name, json, signal) => (await call("POST", `/v1/images/batch-${name}`, { json, signal })).data;

/** Steps of `runBatch`: each answers `{successful, failed}`. */
export const trashing = (ids, signal) => post("delete", { ids }, signal);
export const deletingForGood = (ids, signal) => post("delete", { ids, permanent: true }, signal);

/** A step that reads each image into a map, by its id; to be used with a size of 1. */
export const readingInto = (images) => async (ids, signal) => {
  for (const id of ids) images.set(id, (await getImage(id, signal)).image);
  return { successful: ids, failed: [] };
};

/** A step that takes each image out of the trash. */
export async function restoring(ids) {
  const answer = { successful: [], failed: [] };
  for (const id of ids)
    await restoreImage(id).then(
      () => answer.successful.push(id),
      (error) => answer.failed.push({ id, error }),
    );
  return answer;
}
