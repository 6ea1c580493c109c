// Calls about groups, albums among them.
import { call } from "../parts/api.js";

const PAGE = 50;

/** The address of a group. The gateway ends a path at "?", so that is encoded twice. */
const of = (group) => `/v1/groups/${encodeURIComponent(group).replaceAll("%3F", "%253F")}`;

export const readGroup = (group, signal) => call("GET", of(group), { signal }).then(({ data }) => data);
export const groupPage = (query, signal) =>
  call("GET", "/v1/groups", { query: { limit: PAGE, ...query }, signal }).then(({ data }) => data);

export const createAlbum = (title) =>
  call("POST", "/v1/groups", { json: { type: "album", title } }).then(({ data }) => data);

/** Change title or cover of a group; null takes it away. */
export const changeGroup = (group, json) =>
  call("PATCH", of(group), { json, headers: { "Content-Type": "application/merge-patch+json" } }).then(
    ({ data }) => data,
  );

/** End a group; `images` is "keep" or "trash". Answers `{images, failed, next_cursor}`, and goes on with the cursor. */
export const endGroup = (group, images, cursor) =>
  call("DELETE", of(group), { query: { images, cursor } }).then(({ data }) => data);
