// Addresses: the part behind # names a screen. One image is shown over the screen that was there before.
import { isSignedIn } from "./auth.js";
import { fill, h } from "../parts/dom.js";
import { problemBox } from "../parts/problem-box.js";
import { tell } from "../parts/events.js";

const VIEWER = /^\/images\/([^/]+)$/;

let outlet = null;
let map = null; // the screens, and what loads the welcome and the view of one image
let shown = null; // {path, query, ended}: the screen under an image that is looked at
let closeViewer = null;
let looked = null; // the id of the image that is looked at

/** Follow the address; `screens` are the module of that name, which imports the screens that import this one. */
export function startRouter(element, screens) {
  outlet = element;
  map = screens;
  history.scrollRestoration = "manual"; // Screens begin at their top; a gallery knows where it was left.
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

/** Have the view of one image at hand, so that it opens at once; opening one tries again, and tells why it fails. */
export const preloadViewer = () => void map.loadViewer().catch(() => null);

/** What comes late, by its name: `screens.js` says where from. */
export const loadLate = (name) => map.loadLate(name);

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
    const openViewer = await map.loadViewer();
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
  const found = matched(path) ?? { screen: map.NOT_FOUND, parameters: {} };
  const { screen, parameters } = found;
  const ending = new AbortController();
  const mine = { address: addressOf(path, query), ending, title: screen.title };
  const isFirst = shown === null;
  shown = mine;
  document.title = `${screen.title} · Image store`;
  tell("screen", { path: screen.path });
  const root = h("div", { class: "screen" });
  try {
    const load = isSignedIn() || screen.isPublic ? screen.load : map.loadWelcome;
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
  for (const screen of map.SCREENS) {
    const names = [];
    const pattern = screen.path.replace(/:(\w+)/g, (_, name) => {
      names.push(name);
      return "([^/]+)";
    });
    const found = path.match(new RegExp(`^${pattern}$`));
    if (found)
      return {
        screen,
        parameters: Object.fromEntries(names.map((name, index) => [name, decoded(found[index + 1])])),
      };
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
