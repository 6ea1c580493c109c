// Calls about groups, albums among them.
import { call } from "../parts/api.js";
import { forgetSuggestions } from "../parts/suggestions.js";

const PAGE = 100;
const of = (group) => `/v1/groups/${encodeURIComponent(group)}`;

export const readGroup = (group, signal) => call("GET", of(group), { signal }).then(({ data }) => data);
export const groupPage = (query, signal) =>
  call("GET", "/v1/groups", { query: { limit: PAGE, ...query }, signal }).then(({ data }) => data);

export const createAlbum = (title) =>
  changed(call("POST", "/v1/groups", { json: { type: "album", title } })).then(({ data }) => data);

/** Change title or cover of a group; null takes it away. */
export const changeGroup = (group, json) =>
  changed(call("PATCH", of(group), { json, headers: { "Content-Type": "application/merge-patch+json" } })).then(
    ({ data }) => data,
  );

/** End a group; `images` is "keep" or "trash". Answers `{images, next_cursor}`, and is called until there is none. */
export const endGroup = (group, images, cursor) =>
  changed(call("DELETE", of(group), { query: { images, cursor } })).then(({ data }) => data);

function changed(answer) {
  forgetSuggestions();
  return answer;
}
