// What one person keeps on this device: names, filters and words, never a token.
import { person } from "../frame/auth.js";

const key = (name) => `image-store.${name}.${person().id}`;

/** What is kept under a name; `usual` where there is nothing, or where storage is blocked. */
export function readOwn(name, usual) {
  try {
    return JSON.parse(localStorage.getItem(key(name))) ?? usual;
  } catch {
    return usual;
  }
}

/** Keep a value; answers whether it will be there after a reload. */
export function writeOwn(name, value) {
  try {
    localStorage.setItem(key(name), JSON.stringify(value));
    return true;
  } catch {
    return false; // Storage is blocked or full.
  }
}
