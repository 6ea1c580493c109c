// The frame: bar with search, navigation, and where a screen is shown.
import { canSignIn, isSignedIn, person, signIn, signOut } from "./auth.js";
import { fill, h, isTyping } from "../parts/dom.js";
import { listen } from "../parts/events.js";
import { icon } from "../parts/icons.js";
import { notify, noticeRegion } from "../parts/notices.js";
import { begin as signInBeside } from "../parts/sign-in-again.js";
import { go, here, refresh } from "./router.js";
import { themeSwitch } from "./theme-switch.js";

const LIBRARY = [
  ["/", "images", "Images"],
  ["/albums", "album", "Albums"],
  ["/tags", "tag", "Tags"],
  ["/upload", "upload", "Upload"],
  ["/generate", "generate", "Generate"],
  ["/jobs", "jobs", "Jobs"],
  ["/feed", "feed", "Public feed"],
  ["/shares", "link", "Shares"],
  ["/trash", "trash", "Trash"],
];
const STORE = [
  ["/account", "user", "Account"],
  ["/statistics", "stats", "Statistics"],
  ["/providers", "providers", "Providers"],
  ["/keys", "lock", "API keys"],
  ["/webhooks", "bell", "Webhooks"],
  ["/connect", "plug", "Connect"],
  ["/cleanup", "cleanup", "Cleanup"],
  ["/health", "health", "Health"],
];
const TABS = ["/", "/albums", "/upload", "/generate"];
/** Screens that are reached from one of the navigation, which is the current one then. */
const WITHIN = [
  ["/groups", "/albums"],
  ["/jobs", "/jobs"],
];

/** Build the frame inside of `app` and answer the element that screens go into. */
export function buildShell(app) {
  const outlet = h("main", { id: "content", tabindex: "-1" });
  const signedIn = isSignedIn();
  const menu = moreMenu();
  fill(
    app,
    h(
      "a",
      {
        class: "skip",
        href: "#content",
        onclick: (event) => {
          event.preventDefault();
          outlet.focus();
        },
      },
      "Skip to content",
    ),
    h(
      "header",
      { class: "bar" },
      h(
        "a",
        { class: "brand", href: "#/", "aria-label": "Image store, all images" },
        h("img", { src: document.querySelector("link[rel=icon]").href, alt: "", width: 28, height: 28 }),
        h("span", {}, "Image store"),
      ),
      signedIn && searchField(),
      h(
        "div",
        { class: "bar-end" },
        signedIn &&
          h("a", { class: "button is-main bar-upload", href: "#/upload" }, icon("upload"), h("span", {}, "Upload")),
        signedIn
          ? accountMenu()
          : [
              themeSwitch(),
              canSignIn() && h("button", { type: "button", class: "button is-main", onclick: begin }, "Sign in"),
            ],
      ),
    ),
    signedIn &&
      h(
        "nav",
        { class: "side", "aria-label": "Main" },
        h("ul", {}, LIBRARY.map(entry)),
        h("h2", { class: "side-title" }, "Store"),
        h("ul", {}, STORE.filter(mayUse).map(entry)),
      ),
    outlet,
    signedIn &&
      h(
        "nav",
        { class: "tabs", "aria-label": "Main, short" },
        h(
          "ul",
          {},
          LIBRARY.filter(([path]) => TABS.includes(path))
            .sort((one, other) => TABS.indexOf(one[0]) - TABS.indexOf(other[0]))
            .map(entry),
          h(
            "li",
            {},
            h(
              "button",
              { type: "button", class: "nav-link", "aria-haspopup": "dialog", onclick: () => menu.showModal() },
              icon("more"),
              h("span", {}, "More"),
            ),
          ),
        ),
      ),
    menu,
  );
  document.body.append(noticeRegion());
  listen("screen", ({ path }) => mark(app, path));
  sayHowTheSessionGoes(outlet, signedIn);
  return outlet;
}

/** The session is about to end, or has ended: a message stays until somebody has signed in again, in a small window. */
function sayHowTheSessionGoes(outlet, signedIn) {
  let close = () => null;
  const say = (text, words, label) => {
    close();
    close = notify([text, words].filter(Boolean).join(" "), { isProblem: true, stays: true, action: [label, again] });
  };
  const again = () => {
    signInBeside();
    close = () => null; // The message went with the press of its button.
  };
  listen("session-ends", ({ words }) => say("Your session ends soon.", words, "Stay signed in"));
  listen("session-ended", ({ words }) => say("Your session has ended.", words, "Sign in"));
  listen("session-begun", () => {
    close();
    if (!signedIn) location.reload(); // The frame of a stranger has no screens.
    else if (outlet.querySelector(".welcome")) refresh();
  });
}

/** Begin to sign in; says so when that is not possible. */
export function begin() {
  return signIn().catch((error) => notify(error.message, { isProblem: true }));
}

const mayUse = ([path]) => path !== "/cleanup" || person().isAdmin;

function entry([path, drawn, name]) {
  return h(
    "li",
    {},
    h("a", { class: "nav-link", href: `#${path}`, dataset: { path } }, icon(drawn), h("span", {}, name)),
  );
}

function mark(app, path) {
  const shown = WITHIN.find(([begin]) => path.startsWith(begin))?.[1] ?? path;
  for (const link of app.querySelectorAll(".nav-link[data-path]")) {
    if (link.dataset.path === shown) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function searchField() {
  const field = h("input", {
    type: "search",
    name: "q",
    placeholder: "Search your images",
    "aria-label": "Search your images",
    autocomplete: "off",
    enterkeyhint: "search",
  });
  const submit = (event) => {
    event.preventDefault();
    const words = field.value.trim();
    go(words ? `/search?q=${encodeURIComponent(words)}` : "/");
  };
  listen("screen", ({ path }) => {
    field.value = path === "/search" ? (here().query.get("q") ?? "") : "";
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || isTyping(event) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    field.focus();
  });
  return h(
    "form",
    { class: "search", role: "search", onsubmit: submit },
    icon("search"),
    field,
    h("kbd", { "aria-hidden": "true" }, "/"),
  );
}

function accountMenu() {
  const { name, isAdmin } = person();
  const menu = h(
    "div",
    { class: "menu", id: "account", popover: "auto" },
    h("p", { class: "menu-title" }, h("b", {}, name), isAdmin && h("span", { class: "fine" }, "Administrator")),
    themeSwitch(),
    h("button", { type: "button", class: "nav-link", onclick: signOut }, icon("leave"), "Sign out"),
  );
  return [
    h(
      "button",
      { type: "button", class: "avatar", popovertarget: "account", "aria-label": `Account of ${name}` },
      name.slice(0, 1).toUpperCase(),
    ),
    menu,
  ];
}

function moreMenu() {
  const dialog = h(
    "dialog",
    { class: "sheet", "aria-label": "More screens" },
    h("ul", {}, [...LIBRARY.filter(([path]) => !TABS.includes(path)), ...STORE.filter(mayUse)].map(entry)),
    h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Close"),
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("a")) dialog.close();
  });
  return dialog;
}
