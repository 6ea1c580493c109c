// Make an album of some images, so that one share shows them all.
import { call } from "../parts/api.js";
import { plural } from "../parts/format.js";

const AT_A_TIME = 100;

/** Create an album with this title; answers its name as shares take it. */
export async function createAlbum(title) {
  const { data } = await call("POST", "/v1/groups", { json: { type: "album", title } });
  return data.group;
}

/** Put images into a group; safe to repeat. */
export async function addToGroup(group, images) {
  const failed = [];
  for (let at = 0; at < images.length; at += AT_A_TIME) {
    const ids = images.slice(at, at + AT_A_TIME).map(({ id }) => id);
    const answer = await call("POST", "/v1/images/batch-update", { json: { ids, add_groups: [group] } });
    failed.push(...answer.data.failed);
  }
  if (failed.length) throw new Error(`${plural(failed.length, "image")} could not join the album. Try it again.`);
}
