// Files and folders that arrive, from wherever: they are sent as was chosen on the upload screen, and belong to the
// group whose pictures are shown. What came in a folder waits until it is said whether it becomes an album.
import { here } from "../frame/router.js";
import { filesOfEntries } from "./folders.js";
import { offerAlbum, showTray } from "./tray.js";
import { chosenAttributes } from "./upload-choices.js";
import { enqueueFiles } from "./upload-queue.js";

const OF_THE_SYSTEM = /^(\.|thumbs\.db$|desktop\.ini$)/i; // what lies hidden in folders
const GROUP = /^\/groups\/([^/]+)$/;

/** Send files; `groups` are added to those that were chosen. */
export function takeFiles(files, { groups = groupHere() } = {}) {
  if (!files.length) return;
  const attributes = chosenAttributes();
  enqueueFiles(files, { ...attributes, groups: [...new Set([...attributes.groups, ...groups])] });
  showTray();
}

/** Send what was dropped; folders are read with all that is in them. */
export async function takeDropped({ files, entries }) {
  if (!entries.some((entry) => entry.isDirectory)) return takeFiles(files);
  takeFolders(await filesOfEntries(entries));
}

/** Send what a picker of folders answers. */
export const takePickedFolder = (files) =>
  takeFolders(files.map((file) => ({ file, folder: file.webkitRelativePath.split("/")[0] })));

function takeFolders(found) {
  const groups = groupHere();
  const byFolder = Map.groupBy(found, ({ folder }) => folder);
  for (const [folder, members] of byFolder) {
    const files = members.map(({ file }) => file).filter(({ name }) => !OF_THE_SYSTEM.test(name));
    const send = (album) => takeFiles(files, { groups: album ? [...groups, album] : groups });
    if (folder) offerAlbum({ folder, files, send });
    else send(null);
  }
}

function groupHere() {
  const [, name] = here().path.match(GROUP) ?? [];
  return name ? [decodeURIComponent(name)] : [];
}
