// What a gallery needs once its first pictures are there. It comes at the first sign of interest.
export { moveFocus } from "../gallery/focus.js";
export * as timeline from "../gallery/timeline.js";
export { select } from "../selection/select.js";
export { openViewer } from "../viewer/viewer.js";
