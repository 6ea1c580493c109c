// Values that somebody used or saw and that no route lists: categories. They are suggested in forms.
import { readOwn, writeOwn } from "./own-storage.js";

const MOST = 100;

/** Values of an attribute, the last one first. */
export function seenValues(name) {
  const values = readOwn(`seen.${name}`, []);
  return Array.isArray(values) ? values : [];
}

/** Note a value of an attribute. */
export function remember(name, value) {
  if (!value) return;
  const others = seenValues(name).filter((other) => other !== value);
  writeOwn(`seen.${name}`, [value, ...others].slice(0, MOST));
}
