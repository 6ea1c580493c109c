// Adds images to a group.
import { call } from "../parts/api.js";
import { runBatch } from "../parts/batches.js";
import { tellFailures } from "../parts/failures.js";
import { plural } from "../parts/format.js";
import { notify } from "../parts/notices.js";

/** Add images, and tell how it went; `names` say which image an id is. */
export async function addToGroup(ids, group, names) {
  const { done, failed } = await runBatch({
    ids,
    label: `Adding ${plural(ids.length, "image")}`,
    step: (those) =>
      call("POST", "/v1/images/batch-update", { json: { ids: those, add_groups: [group] } }).then(({ data }) => data),
  });
  if (!failed.length) return notify(`${plural(done.length, "image")} added.`);
  tellFailures({
    title: `${plural(failed.length, "image")} could not be added`,
    failed,
    nameOf: (id) => names.get(id),
    retry: (those) => addToGroup(those, group, names),
  });
}
