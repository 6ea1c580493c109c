// Moving the image that is looked at to the trash, back from it, and out of the store.
import { deleteForGood, restoreImage, trashImage } from "../parts/api.js";
import { confirm } from "../parts/dialogs.js";
import { tell } from "../parts/events.js";
import { notify } from "../parts/notices.js";

/** `{remove, restore, removeForGood}` for one image; `gone()` is called when it is no longer in its list. */
export function removals(id, { visibility, gone }) {
  const undo = async () => {
    const was = visibility();
    tell("image-added", cardOf(await restoreImage(id)));
    notify(was === "private" ? "Restored." : "Restored, and private now: its old link stays dead.");
  };
  return {
    remove: attempted(async () => {
      await trashImage(id);
      gone();
      notify("Moved to the trash.", { action: ["Undo", attempted(undo)] });
    }),
    restore: attempted(async () => {
      await restoreImage(id);
      gone();
      notify("Restored, as a private image.");
    }),
    removeForGood: attempted(async () => {
      const isSure = await confirm({
        title: "Delete this image for good?",
        text: "Its file and everything known of it are deleted. Nobody can bring it back.",
        yes: "Delete for good",
        isDangerous: true,
      });
      if (!isSure) return;
      await deleteForGood(id);
      gone();
      notify("Deleted for good.");
    }),
  };
}

const attempted = (act) => () => act().catch((error) => notify(error.message, { isProblem: true }));

/** An image as lists show it. */
export const cardOf = (image) => ({ ...image, thumb_url: image.renditions.thumb?.url });
