// Calls about the trash.
import { call, deleteMany, listImages } from "../parts/api.js";

export const trashPage = (query, signal) => listImages({ trashed: "true", ...query }, signal);

/** How many images are in the trash, as the store counts them. */
export const countTrash = (signal) => call("GET", "/v1/stats", { signal }).then(({ data }) => data.trash.images);

export const restoreMany = (ids) =>
  call("POST", "/v1/images/batch-restore", { json: { ids } }).then(({ data }) => data);
export const removeMany = (ids) => deleteMany({ ids, permanent: true });
