// The account of who is signed in: where its parts are, what it uses, a token for uploads, and what has happened.
import { person } from "../frame/auth.js";
import { h } from "../parts/dom.js";
import { activity } from "./activity.js";
import { places } from "./places.js";
import { uploadTokens } from "./upload-tokens.js";
import { usage } from "./usage.js";

export async function showAccount(root, { signal }) {
  const { name, isAdmin } = person();
  root.append(
    h(
      "header",
      { class: "screen-head" },
      h(
        "div",
        {},
        h("h1", { tabindex: "-1" }, "Account"),
        h("p", { class: "fine" }, `You are ${name}${isAdmin ? ", an administrator of this store" : ""}.`),
      ),
    ),
    places(signal),
    usage(signal),
    uploadTokens(),
    activity(signal),
  );
}
