import document from "../../../../functions/site/openapi.json" with { type: "json" };
import { createImageStore, type ImageStore } from "../../src/index";
import { createBatches, type Batches } from "../../src/batches/index";
import { createGroups, createTags, type Groups, type Tags } from "../../src/groups/index";
import { createWebhooks, type Webhooks } from "../../src/webhooks/index";
import { apiUrl } from "./stack";

/** What the tests have called: functions of the client such as `images.get`, and routes such as `GET /v1/images`. */
export const called = { functions: new Set<string>(), routes: new Set<string>() };

/** A store that records what is called. */
export function recordingStore(token: string): ImageStore {
  const store = createImageStore({ url: apiUrl, token, fetch: recordingFetch });
  return recorded(store, "");
}

/** The webhooks of a caller, which record what is called. */
export function recordingWebhooks(token: string): Webhooks {
  return recorded(createWebhooks({ url: apiUrl, token, fetch: recordingFetch }), "webhooks.");
}

/** The batches of a caller, which record what is called. */
export function recordingBatches(token: string): Batches {
  return recorded(createBatches({ url: apiUrl, token, fetch: recordingFetch }), "batches.");
}

/** The groups and the tags of a caller, which record what is called. */
export function recordingGroups(token: string): { groups: Groups; tags: Tags } {
  const options = { url: apiUrl, token, fetch: recordingFetch };
  return { groups: recorded(createGroups(options), "groups."), tags: recorded(createTags(options), "tags.") };
}

/** The names of all functions of a store. */
export function functionsOf(part: object, prefix = ""): string[] {
  return Object.entries(part).flatMap(([name, value]) => {
    if (typeof value === "function") return [prefix + name];
    return typeof value === "object" && value !== null ? functionsOf(value, `${prefix}${name}.`) : [];
  });
}

/** The routes of the API document below `/v1`. */
export function documentedRoutes(): string[] {
  return Object.entries(document.paths)
    .filter(([path]) => path.startsWith("/v1/"))
    .flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`));
}

const recordingFetch: typeof fetch = (input, init) => {
  const url = new URL(String(input));
  if (url.origin === new URL(apiUrl).origin) called.routes.add(`${init?.method ?? "GET"} ${routeOf(url.pathname)}`);
  return fetch(input, init);
};

/** The path of the API document that fits an address; a path without parameters comes first. */
function routeOf(path: string): string {
  const patterns = Object.keys(document.paths).sort((one, other) => one.split("{").length - other.split("{").length);
  return patterns.find((each) => new RegExp(`^${each.replace(/\{\w+\}/g, "[^/]+")}$`).test(path)) ?? path;
}

function recorded<T extends object>(part: T, prefix: string): T {
  return new Proxy(part, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value === "object" && value !== null) return recorded(value, `${prefix}${String(name)}.`);
      if (typeof value === "function") called.functions.add(prefix + String(name));
      return value;
    },
  });
}
