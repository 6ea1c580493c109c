// A failure, said where the content would have been.
import { signIn } from "../frame/auth.js";
import { h } from "./dom.js";
import { listen } from "./events.js";
import { icon } from "./icons.js";

/**
 * What went wrong and, where it makes sense, a button to try again. What failed for want of a connection is tried again
 * by itself when there is one.
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
      ? h("button", { class: "button is-main", type: "button", onclick: signIn }, "Sign in")
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
  if (retry && error.status === 0) {
    const ended = new AbortController();
    const again = () => {
      ended.abort();
      if (box.isConnected) retry();
    };
    listen("reached-again", again, ended.signal);
  }
  return box;
}
