// Shares at the API, and the addresses that they give images.
import { settings } from "../frame/settings.js";
import { call } from "../parts/api.js";
import { tell } from "../parts/events.js";
import { embedCode } from "./embed-code.js";

const PATH = "/v1/shares";

export const LIFETIMES = {
  3600: "An hour",
  86400: "A day",
  604800: "A week",
  2592000: "30 days",
  31622400: "366 days",
};
export const USUAL_LIFETIME = "2592000";

/** Create a share, and tell the list of shares. */
export async function createShare(json) {
  const { data } = await call("POST", PATH, { json });
  tell("share-created", data);
  return data;
}

export const revokeShare = (id) => call("DELETE", `${PATH}/${encodeURIComponent(id)}`);
export const sharesPage = (query, signal) => call("GET", PATH, { query, signal }).then(({ data }) => data);

/** What a share shows, in words. */
export const shows = (share) =>
  share.all ? "All images, later ones too" : share.group ? `Group ${share.group}` : `Image ${share.image_id}`;

export const isPublished = (image) => Boolean(image.visibility) && image.visibility !== "private";

/** The texts that show a published image; its link works until it is private again. */
export const codeOfPublished = (image) =>
  embedCode(image, (preset) => (preset === "display" ? image.public_url : `${image.public_url}/${preset}`), {
    widths: settings.widths,
  });

/** The texts that show an image by a share. */
export const codeOfShared = (image, { url_prefix: prefix, presets }) =>
  embedCode(image, (preset) => `${prefix}/${encodeURIComponent(image.id)}/${preset}`, {
    widths: settings.widths,
    presets,
  });
