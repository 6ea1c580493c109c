// Pictures that are dropped or pasted anywhere.
import { isSignedIn } from "./auth.js";
import { h, isTyping } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { notify } from "../parts/notices.js";
import { loadLate } from "./router.js";

export function takeDroppedAndPasted() {
  const curtain = h("div", { class: "curtain", hidden: true }, icon("upload"), h("p", {}, "Drop to upload"));
  document.body.append(curtain);
  let depth = 0;
  const hasFiles = (event) => isSignedIn() && event.dataTransfer?.types.includes("Files");
  const show = (change) => {
    depth = Math.max(0, depth + change);
    curtain.hidden = depth === 0;
  };
  addEventListener("dragenter", (event) => hasFiles(event) && show(1));
  addEventListener("dragleave", (event) => hasFiles(event) && show(-1));
  addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    show(-depth);
    const { files, items } = event.dataTransfer;
    // What was dropped can be looked at during this event alone.
    const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    take("takeDropped", { files: [...files], entries });
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!isSignedIn() || isTyping(event) || !files.length) return;
    event.preventDefault();
    take("takeFiles", files);
  });
}

async function take(name, arrived) {
  try {
    await (await loadLate(name))(arrived);
  } catch (error) {
    notify(error.message, { isProblem: true });
  }
}
