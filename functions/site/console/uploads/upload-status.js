// How the uploads are doing, in the bar above every screen.
import { h } from "../parts/dom.js";
import { listen } from "../parts/events.js";
import { uploads } from "./upload-queue.js";

export function uploadStatus() {
  const link = h("a", { class: "upload-status", href: "#/upload", hidden: true });
  listen("uploads", () => {
    const busy = uploads.filter(({ state }) => state === "waiting" || state === "sending").length;
    const failed = uploads.filter(({ state }) => state === "failed").length;
    link.hidden = !busy && !failed;
    link.classList.toggle("is-problem", failed > 0);
    link.textContent = busy ? `Sending ${busy}` : `${failed} failed`;
  });
  return link;
}
