// The trash: what can be restored until the store deletes it.
import { densityButtons } from "../gallery/density.js";
import { gallery } from "../gallery/gallery.js";
import { listImages } from "../parts/api.js";
import { head, nothing } from "../parts/screen-head.js";

const PAGE = 50;

export function showTrash(root, { signal }) {
  root.append(
    head("Trash", densityButtons(signal), "Images here can be restored until the store deletes them for good."),
    gallery({
      label: "Images in the trash",
      signal,
      load: ({ cursor }) => listImages({ trashed: "true", limit: PAGE, cursor }, signal),
      empty: () => nothing("trash", "The trash is empty", "What you delete stays here for some days."),
    }),
  );
}
