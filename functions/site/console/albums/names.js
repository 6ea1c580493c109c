// How groups are named to people.
import { onDay, plural } from "../parts/format.js";

/** "Album" for album:summer; a type that people made up is shown as they wrote it. */
export function typeName(type) {
  const words = type.replaceAll(/[-_]+/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The parts of type:id; an id may have colons. */
export function partsOf(group) {
  const at = group.indexOf(":");
  return { type: group.slice(0, Math.max(0, at)), id: group.slice(at + 1) };
}

/** The title that somebody gave a group, or else its id. */
export const nameOf = ({ title, group }) => title || partsOf(group).id;

/** "34 images · 3 May 2026". */
export const sizeOf = ({ images, newest_at: newest }) =>
  [plural(images, "image"), newest && onDay(newest)].filter(Boolean).join(" · ");
