// A failure, said where the content would have been.
import { h } from "./dom.js";
import { listen } from "./events.js";
import { icon } from "./icons.js";
import { begin } from "./sign-in-again.js";

/**
 * What went wrong and, where it makes sense, a button to try again. What failed for want of a connection or of a
 * session is tried again by itself as soon as there is one.
 */
export function problemBox(error, { retry } = {}) {
  if (error.isNotDeployed) {
    return h(
      "div",
      { class: "empty", role: "status" },
      icon("info"),
      h("h2", {}, "Not in this store yet"),
      h(
        "p",
        {},
        "The API behind this console does not have this part yet. It appears here once the store is updated.",
      ),
    );
  }
  const action =
    error.status === 401
      ? h("button", { class: "button is-main", type: "button", onclick: begin }, "Sign in")
      : error.status === 404
        ? h("a", { class: "button", href: "#/" }, icon("images"), "All images")
        : retry && h("button", { class: "button", type: "button", onclick: retry }, icon("retry"), "Try again");
  const said = error.status === undefined ? "Something in the console failed. Load the page anew." : error.message;
  if (error.status === undefined) console.error(error);
  const box = h(
    "div",
    { class: "empty", role: "alert" },
    icon("alert"),
    h("p", {}, said),
    error.requestId && h("p", { class: "fine" }, `Request ${error.requestId}`),
    action,
  );
  const cure = { 0: "reached-again", 401: "session-begun" }[error.status];
  if (retry && cure) {
    const heard = new AbortController();
    const again = () => {
      heard.abort();
      if (box.isConnected) retry();
    };
    listen(cure, again, heard.signal);
  }
  return box;
}
