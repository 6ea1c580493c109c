// The screens by their addresses. Those of a first visit are in the first script; the others come when they are used.
import { ApiError } from "../parts/errors.js";
import { tellUnreachable } from "./offline.js";
import { showImages, showSearch, showSimilar } from "../gallery/images.js";

/** What `looking.js`, or else `rest.js`, has by this name. */
export async function loadLate(name) {
  return (await looking(name)()) ?? rest(name)();
}

const looking = (name) => () => arriving(import("./looking.js"), name);
const rest = (name) => () => arriving(import("./rest.js"), name);

async function arriving(script, name) {
  try {
    return (await script)[name];
  } catch {
    tellUnreachable();
    throw new ApiError({});
  }
}

export const SCREENS = [
  { path: "/", title: "Images", load: () => showImages },
  { path: "/search", title: "Search", load: () => showSearch },
  { path: "/albums", title: "Albums", load: rest("showAlbums") },
  { path: "/tags", title: "Tags", load: rest("showTags") },
  { path: "/trash", title: "Trash", load: rest("showTrash") },
  { path: "/groups", title: "Groups", load: rest("showGroups") },
  { path: "/groups/:name", title: "Group", load: rest("showGroup") },
  { path: "/similar/:id", title: "Similar images", load: () => showSimilar },
  { path: "/feed", title: "Public feed", isPublic: true, load: rest("showFeed") },
  { path: "/upload", title: "Upload", load: rest("showUpload") },
  { path: "/generate", title: "Generate", load: rest("showGenerate") },
  { path: "/jobs", title: "Jobs", load: rest("showJobs") },
  { path: "/jobs/:id", title: "Job", load: rest("showJob") },
  { path: "/shares", title: "Shares", load: rest("showShares") },
  { path: "/statistics", title: "Statistics", load: rest("showStatistics") },
  { path: "/providers", title: "Providers", load: rest("showProviders") },
  { path: "/account", title: "Account", load: rest("showAccount") },
  { path: "/keys", title: "API keys", load: rest("showKeys") },
  { path: "/webhooks", title: "Webhooks", load: rest("showWebhooks") },
  { path: "/connect", title: "Connect", isPublic: true, load: rest("showConnect") },
  { path: "/cleanup", title: "Cleanup", load: rest("showCleanup") },
  { path: "/health", title: "Health", isPublic: true, load: rest("showHealth") },
];
export const NOT_FOUND = { path: "", title: "Page not found", isPublic: true, load: rest("showNotFound") };
export const loadWelcome = rest("showWelcome");
export const loadViewer = looking("openViewer");
