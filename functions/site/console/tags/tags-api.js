// Calls about tags.
import { call } from "../parts/api.js";

const PAGE = 100;

export const tagPage = (cursor, signal) =>
  call("GET", "/v1/tags", { query: { limit: PAGE, cursor }, signal }).then(({ data }) => data);

/** Change up to a hundred images; `changes` is what the route takes. */
export const updateMany = (ids, changes) =>
  call("POST", "/v1/images/batch-update", { json: { ids, ...changes } }).then(({ data }) => data);
