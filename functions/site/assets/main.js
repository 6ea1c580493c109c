// The start: settings, session, the frame around every screen, and the screen that the address names.
import { takeUpSession, renewInTime } from "./auth.js";
import { fill, h } from "./dom.js";
import { startRouter } from "./router.js";
import { loadSettings } from "./settings.js";
import { buildShell } from "./shell.js";
import { takeDroppedAndPasted } from "./arrivals.js";
import { notify } from "./notices.js";

const app = document.getElementById("app");

try {
  loadSettings();
  const problem = await takeUpSession().then(() => null, (error) => error);
  renewInTime();
  const screen = buildShell(app);
  startRouter(screen);
  takeDroppedAndPasted();
  if (problem) notify(problem.message, { isProblem: true });
} catch (error) {
  fill(app, h("p", { class: "starting", role: "alert" }, `The console could not start. ${error.message}`));
}
