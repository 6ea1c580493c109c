// What can be done with selected images, by the names that the bar has for it.
export { compare } from "./comparing.js";
export { download } from "./download.js";
export { albums, leaveGroup, tags } from "./labels.js";
export { links, share } from "./links.js";
export { visibility } from "./publishing.js";
export { remove, restore, trash } from "./removing.js";
