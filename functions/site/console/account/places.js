// The parts of an account that have screens of their own, each with one figure.
import { call } from "../parts/api.js";
import { h } from "../parts/dom.js";
import { count, plural } from "../parts/format.js";
import { icon } from "../parts/icons.js";

const isActive = ({ status }) => status === "active";

const PLACES = [
  {
    address: "/keys",
    drawn: "lock",
    name: "API keys",
    about: "For programs without a user",
    figure: async (signal) => active(await all("/v1/keys", signal, { limit: 100 }), isActive),
  },
  {
    address: "/shares",
    drawn: "link",
    name: "Shares",
    about: "Private images for people without an account",
    figure: async (signal) => active(await all("/v1/shares", signal, { limit: 50 }), isActive),
  },
  {
    address: "/webhooks",
    drawn: "bell",
    name: "Webhooks",
    about: "Apps that hear what happens",
    figure: async (signal) => active(await all("/v1/webhooks", signal), ({ enabled }) => enabled),
  },
  {
    address: "/providers",
    drawn: "providers",
    name: "Provider keys",
    about: "Generate images at your own cost",
    figure: async (signal) => {
      const own = (await all("/v1/providers", signal)).items.filter((item) => item.own_key);
      return own.length ? plural(own.length, "own key") : "None of your own";
    },
  },
  { address: "/statistics", drawn: "stats", name: "Statistics", about: "Storage and costs as plots" },
  { address: "/connect", drawn: "plug", name: "Connect", about: "Addresses and lines for SDKs and AI clients" },
];

/** The links. A figure that cannot be read is left out: the screen behind the link says why. */
export function places(signal) {
  return h(
    "nav",
    { "aria-label": "Account" },
    h("ul", { class: "places" }, PLACES.map((place) => h("li", {}, link(place, signal)))),
  );
}

function link({ address, drawn, name, about, figure }, signal) {
  const fact = h("span", { class: "fine" });
  figure?.(signal).then(
    (text) => fact.replaceChildren(text),
    () => null,
  );
  return h(
    "a",
    { class: "place", href: `#${address}` },
    icon(drawn),
    h("span", { class: "place-text" }, h("b", {}, name), h("span", { class: "fine" }, about), fact),
  );
}

const all = (path, signal, query) => call("GET", path, { query, signal }).then(({ data }) => data);

/** "3 active"; with more pages behind the first, "at least 3 active". */
function active({ items, next_cursor: next }, counts) {
  const number = items.filter(counts).length;
  return next ? `At least ${count(number)} active` : number ? `${count(number)} active` : "None active";
}
