// Whether the store works, as a whole and, for administrators, part by part.
import { call } from "../parts/api.js";
import { isSignedIn, person } from "../frame/auth.js";
import { h } from "../parts/dom.js";
import { duration } from "../parts/format.js";
import { problemBox } from "../parts/problem-box.js";
import { settings } from "../frame/settings.js";
import { facts } from "../parts/fields.js";

const WORDS = { ok: "Works", degraded: "Works in part", down: "Does not work", not_configured: "Not set up" };

export async function showHealth(root, { signal }) {
  const started = performance.now();
  const whole = await call("GET", "/v1/health", { signal }).then(
    ({ data }) => data.status,
    (error) => {
      if (error.name === "AbortError") throw error;
      return "down";
    },
  );
  const took = performance.now() - started;
  root.append(
    h("header", { class: "screen-head" }, h("h1", { tabindex: "-1" }, "Health")),
    h(
      "section",
      { class: "card" },
      h("h2", {}, "The API"),
      h("p", { class: "row" }, state(whole), h("span", { class: "fine" }, `answered after ${duration(took)}`)),
    ),
    h(
      "section",
      { class: "card" },
      h("h2", {}, "Deployment"),
      facts({
        "Signs in at": settings.issuer,
        Images: settings.r2_origin,
        "Public at": settings.public_url ?? "presigned links",
        API: h("a", { href: "/docs" }, "Documentation"),
      }),
    ),
  );
  if (!isSignedIn()) return;
  const { isAdmin } = person();
  const parts = h("section", { class: "card" }, h("h2", {}, "Parts"));
  root.append(parts);
  if (!isAdmin)
    return void parts.append(
      h(
        "p",
        { class: "fine" },
        "Part by part, it is shown to administrators. ",
        h("a", { href: "#/cleanup" }, "Cleanup"),
        " is for them as well.",
      ),
    );
  try {
    const { data } = await call("GET", "/v1/admin/health", { signal });
    parts.append(
      h(
        "div",
        { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Parts of the store" },
        h(
          "table",
          {},
          h(
            "tbody",
            {},
            componentsOf(data).map(([name, told]) =>
              h(
                "tr",
                {},
                h(
                  "td",
                  { class: "is-name" },
                  name.replaceAll("_", " "),
                  told.detail && h("p", { class: "fine" }, told.detail),
                ),
                h("td", {}, state(told.status ?? told)),
              ),
            ),
          ),
        ),
      ),
    );
  } catch (error) {
    if (!signal.aborted) parts.append(problemBox(error));
  }
}

function componentsOf({ components = {} }) {
  return Array.isArray(components)
    ? components.map((told) => [told.name ?? told.component, told])
    : Object.entries(components);
}

const state = (value) => h("span", { class: `state is-${value}` }, WORDS[value] ?? value);
