// The start: settings, session, the frame around every screen, and the screen that the address names.
import { takeUpSession } from "./auth.js";
import { fill, h } from "../parts/dom.js";
import { startRouter } from "./router.js";
import { handedOver } from "./session-sharing.js";
import { loadSettings } from "./settings.js";
import * as screens from "./screens.js";
import { buildShell } from "./shell.js";
import { takeDroppedAndPasted } from "./arrivals.js";
import { notify } from "../parts/notices.js";

const app = document.getElementById("app");

start(); // Awaited here, it would keep the other scripts waiting for this one.

async function start() {
  try {
    loadSettings();
    if (handedOver((text) => fill(app, h("p", { class: "starting" }, text)))) return;
    const problem = await takeUpSession(screens.loadLate).then(
      () => null,
      (error) => error,
    );
    const screen = buildShell(app);
    startRouter(screen, screens);
    takeDroppedAndPasted();
    if (problem) notify(problem.message, { isProblem: true });
  } catch (error) {
    fill(app, h("p", { class: "starting", role: "alert" }, `The console could not start. ${error.message}`));
  }
}
