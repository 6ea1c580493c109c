// How other software uses this store: its addresses, a key, and lines to paste. A key stands in this page alone.
import { isSignedIn, person } from "../frame/auth.js";
import { keyField, keyForm } from "../keys/key-form.js";
import { call } from "../parts/api.js";
import { copyBlock } from "../parts/copy-block.js";
import { copyField } from "../parts/copy-field.js";
import { fill, h } from "../parts/dom.js";
import { problemBox } from "../parts/problem-box.js";
import { configurations } from "./configurations.js";

const SCOPES = ["images:read", "images:write", "generations:write"];

export async function showConnect(root, { signal }) {
  const title = h("h2", {}, "Addresses");
  const addresses = h("section", { class: "card stack" }, title, h("p", { class: "fine" }, "Loading …"));
  const fresh = h("div", { class: "stack", hidden: true, tabindex: "-1", role: "group", "aria-label": "New key" });
  const lines = h("div", {});
  root.append(
    h(
      "header",
      { class: "screen-head" },
      h(
        "div",
        {},
        h("h1", { tabindex: "-1" }, "Connect"),
        h("p", { class: "fine" }, "Let other programs use this store: apps that make images, and AI clients."),
      ),
    ),
    addresses,
    h("section", { class: "card stack" }, h("h2", {}, "API key"), fresh, keyPart(create)),
    lines,
  );
  let found = null;
  await load();

  async function load() {
    try {
      found = (await call("GET", "/config.json", { signal })).data;
    } catch (error) {
      if (!signal.aborted) fill(addresses, title, problemBox(error, { retry: load }));
      return;
    }
    fill(addresses, title, addressFields(found));
    fill(lines, configurations(found).map(card));
  }

  async function create(json) {
    const { key } = (await call("POST", "/v1/keys", { json })).data;
    fresh.hidden = false;
    fill(
      fresh,
      h("p", {}, "This is the new key. Keep it now: it is not shown again. Until you leave, the lines below have it."),
      keyField(key),
    );
    if (found) fill(lines, configurations(found, key).map(card));
    fresh.focus();
  }
}

function keyPart(create) {
  if (!isSignedIn())
    return h(
      "p",
      {},
      "Sign in to create a key here. The lines below say where a key belongs: isk_… or IMAGE_STORE_KEY.",
    );
  return [
    h(
      "p",
      {},
      "Create a key for each program, so that you can revoke one alone. ",
      h("a", { href: "#/keys" }, "API keys"),
      " has all of yours, with their limits and usage.",
    ),
    keyForm({ isAdmin: person().isAdmin, create, usual: SCOPES }),
  ];
}

function addressFields({ api_url: api, openai_url: openai, mcp_url: mcp }) {
  return [
    address("API", api),
    openai
      ? address("OpenAI endpoint", openai)
      : h("p", {}, "OpenAI endpoint: this deployment has none. ", h("code", {}, "OpenAiEndpoint=true"), " adds one."),
    address("MCP server", mcp),
  ];
}

function address(name, url) {
  return h(
    "div",
    { class: "stack" },
    h("p", {}, name),
    copyField(url, {
      label: `Address: ${name}`,
      name: "Copy",
      spoken: `Copy: address of the ${name}`,
      notice: `Address of the ${name}: copied.`,
    }),
  );
}

const card = ({ name, hint, text }) =>
  h("section", { class: "card stack" }, h("h2", {}, name), h("p", { class: "fine" }, hint), copyBlock(text, name));
