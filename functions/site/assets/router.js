// Addresses: the part behind # names a screen. One image is shown over the screen that was there before.
import { isSignedIn } from "./auth.js";
import { fill, h } from "./dom.js";
import { problemBox } from "./problem-box.js";
import { tell } from "./events.js";

const SCREENS = [
  { path: "/", title: "Images", load: () => import("./images.js").then((module) => module.showImages) },
  { path: "/search", title: "Search", load: () => import("./images.js").then((module) => module.showSearch) },
  { path: "/trash", title: "Trash", load: () => import("./images.js").then((module) => module.showTrash) },
  { path: "/groups/:name", title: "Group", load: () => import("./images.js").then((module) => module.showGroup) },
  { path: "/similar/:id", title: "Similar images", load: () => import("./images.js").then((module) => module.showSimilar) },
  { path: "/feed", title: "Public feed", isPublic: true, load: () => import("./feed.js").then((module) => module.showFeed) },
  { path: "/upload", title: "Upload", load: () => import("./upload.js").then((module) => module.showUpload) },
  { path: "/generate", title: "Generate", load: () => import("./generate.js").then((module) => module.showGenerate) },
  { path: "/jobs", title: "Jobs", load: () => import("./jobs.js").then((module) => module.showJobs) },
  { path: "/jobs/:id", title: "Job", load: () => import("./job.js").then((module) => module.showJob) },
  { path: "/statistics", title: "Statistics", load: () => import("./statistics.js").then((module) => module.showStatistics) },
  { path: "/providers", title: "Providers", load: () => import("./providers.js").then((module) => module.showProviders) },
  { path: "/cleanup", title: "Cleanup", load: () => import("./cleanup.js").then((module) => module.showCleanup) },
  { path: "/health", title: "Health", isPublic: true, load: () => import("./health.js").then((module) => module.showHealth) },
];
const NOT_FOUND = { path: "", title: "Page not found", isPublic: true, load: () => import("./not-found.js").then((module) => module.showNotFound) };
const VIEWER = /^\/images\/([^/]+)$/;

let outlet = null;
let shown = null; // {path, query, ended}: the screen under an image that is looked at
let closeViewer = null;
let looked = null; // the id of the image that is looked at

export function startRouter(element) {
  outlet = element;
  addEventListener("hashchange", follow);
  follow();
}

/** The address that is shown now, in parts. */
export function here() {
  const [path, query = ""] = (location.hash.slice(1) || "/").split("?");
  return { path, query: new URLSearchParams(query) };
}

export function go(address, { replacing = false } = {}) {
  if (replacing) location.replace(`#${address}`);
  else location.hash = address;
}

/** Leave an image for the screen it was opened from. */
export function leaveViewer() {
  if (shown?.openedViewer) history.back();
  else go(shown?.address ?? "/", { replacing: true });
}

/** Show the current screen anew, after signing in for example. */
export function refresh() {
  shown = null;
  return follow();
}

async function follow() {
  const { path, query } = here();
  const asked = isSignedIn() && path.match(VIEWER);
  if (asked) {
    if (shown) shown.openedViewer ??= !closeViewer && history.length > 1;
    else await show("/", new URLSearchParams());
    closeViewer?.();
    const { openViewer } = await import("./viewer.js");
    looked = decoded(asked[1]);
    closeViewer = openViewer(looked);
    return;
  }
  const cameBack = closeViewer !== null;
  closeViewer?.();
  closeViewer = null;
  if (cameBack && shown?.address === addressOf(path, query)) {
    shown.openedViewer = undefined;
    document.title = `${shown.title} · Image store`;
    tell("image-left", { id: looked });
    return;
  }
  await show(path, query);
}

async function show(path, query) {
  shown?.ending.abort(new DOMException("The screen was left.", "AbortError"));
  const found = matched(path) ?? { screen: NOT_FOUND, parameters: {} };
  const { screen, parameters } = found;
  const ending = new AbortController();
  const mine = { address: addressOf(path, query), ending, title: screen.title };
  const isFirst = shown === null;
  shown = mine;
  document.title = `${screen.title} · Image store`;
  tell("screen", { path: screen.path });
  const root = h("div", { class: "screen" });
  try {
    const load = isSignedIn() || screen.isPublic ? screen.load : () => import("./welcome.js").then((module) => module.showWelcome);
    const draw = await load();
    if (ending.signal.aborted) return;
    fill(outlet, root);
    scrollTo(0, 0);
    await draw(root, { parameters, query, signal: ending.signal });
  } catch (error) {
    if (ending.signal.aborted) return;
    fill(outlet, h("h1", { tabindex: "-1" }, screen.title), problemBox(error, { retry: refresh }));
  }
  if (!isFirst && !ending.signal.aborted) outlet.querySelector("h1")?.focus({ preventScroll: true });
}

const addressOf = (path, query) => [path, query.toString()].filter(Boolean).join("?");

function matched(path) {
  for (const screen of SCREENS) {
    const names = [];
    const pattern = screen.path.replace(/:(\w+)/g, (_, name) => { names.push(name); return "([^/]+)"; });
    const found = path.match(new RegExp(`^${pattern}$`));
    if (found) return { screen, parameters: Object.fromEntries(names.map((name, index) => [name, decoded(found[index + 1])])) };
  }
  return null;
}

/** A part of an address as it was meant; one that is wrongly encoded stands for itself, and is found nowhere. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
