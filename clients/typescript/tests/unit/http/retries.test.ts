import { describe, expect, test, vi } from "vitest";
import { createImageStore } from "../../../src/index";
import { ImageStoreError } from "../../../src/http/errors";
import { MAX_TOTAL_WAIT_SECONDS, waitBefore } from "../../../src/http/retries";
import { problem, startServer, type Reply } from "../../server";

const JOB = { status: 202, json: { id: "j1", status: "queued" } };
const IMAGE = { status: 200, json: { id: "1" } };

/** Makes every random part of a wait zero, so that tests do not wait. */
function withoutJitter(): void {
  vi.spyOn(Math, "random").mockReturnValue(0);
}

async function callWith(...replies: Reply[]) {
  withoutJitter();
  const server = await startServer(...replies);
  return { server, store: createImageStore({ url: server.url, key: "isk_1" }) };
}

describe("what is repeated", () => {
  test.each([
    ["429 with Retry-After", problem(429, "quota_exceeded", { "Retry-After": "0" })],
    ["429 of the gateway", { status: 429, json: { message: "Too Many Requests" } }],
    ["503", problem(503, "storage_unavailable", { "Retry-After": "0" })],
    ["500 of the gateway", { status: 500, json: { message: "Internal Server Error" } }],
    ["503 without JSON", { status: 503, text: "busy" }],
    ["502 of a proxy", { status: 502, text: "" }],
    ["504 of a proxy", { status: 504, text: "" }],
    ["cut connection", "cut"],
  ] as [string, Reply][])("a GET after a %s", async (_, reply) => {
    const { server, store } = await callWith(reply, reply, IMAGE);

    const image = await store.images.get("1");

    expect(image.id).toBe("1");
    expect(server.seen.length).toBe(3);
  });

  test.each([
    ["cut connection", "cut"],
    ["503", problem(503, "storage_unavailable")],
    ["running first request", problem(409, "idempotency_in_progress", { "Retry-After": "0" })],
  ] as [string, Reply][])("a generation after a %s, with the same key", async (_, reply) => {
    const { server, store } = await callWith(reply, JOB);

    await store.jobs.create("a cat");

    const keys = server.seen.map(({ headers }) => headers["idempotency-key"]);
    expect(keys.length).toBe(2);
    expect(keys[0]).toBeTruthy();
    expect(keys[1]).toBe(keys[0]);
  });

  test("a POST without a key only after a 429", async () => {
    const { server, store } = await callWith(problem(429, "rate_limited", { "Retry-After": "0" }), "cut");

    const error = await store.share({ all: true }).catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code: "network_error" });
    expect(server.seen.length).toBe(2);
  });
});

describe("what is not repeated", () => {
  test.each([
    ["400", problem(400, "invalid_request")],
    ["404", problem(404, "image_not_found")],
    ["409", problem(409, "conflict")],
    ["429 that waiting does not help", problem(429, "too_many_keys")],
    ["failure of a provider", problem(502, "provider_failed")],
  ])("a request after a %s", async (_, reply) => {
    const { server, store } = await callWith(reply);

    await expect(store.images.get("1")).rejects.toBeInstanceOf(ImageStoreError);

    expect(server.seen.length).toBe(1);
  });

  test.each([
    ["cut connection", "cut", "network_error"],
    ["503", problem(503, "storage_unavailable", { "Retry-After": "0" }), "storage_unavailable"],
  ] as [string, Reply, string][])("a POST without a key after a %s", async (_, reply, code) => {
    const { server, store } = await callWith(reply);

    const error = await store.share({ all: true }).catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code });
    expect(server.seen.length).toBe(1);
  });

  test("a request that failed as often as maxRetries allows", async () => {
    withoutJitter();
    const server = await startServer("cut");
    const store = createImageStore({ url: server.url, key: "isk_1", maxRetries: 2 });

    const error = await store.images.get("1").catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code: "network_error", status: undefined });
    expect(server.seen.length).toBe(3);
  });
});

describe("how long it waits", () => {
  const busy = (retryAfter?: number) => new ImageStoreError("storage_unavailable", "", { status: 503, retryAfter });
  const first = { attempt: 1, waited: 0, isRepeatable: true };

  test("at least as long as Retry-After says", () => {
    expect(waitBefore(busy(7), first)).toBeGreaterThanOrEqual(7);
    expect(waitBefore(busy(7), first)).toBeLessThan(7.5);
  });

  test("a random time that doubles with each attempt, up to 20 seconds", () => {
    vi.spyOn(Math, "random").mockReturnValue(1);

    const waits = [1, 2, 3, 9].map((attempt) => waitBefore(busy(), { ...first, attempt }));

    expect(waits).toEqual([0.5, 1, 2, 20]);
  });

  test("not at all if all waits together would be too long", () => {
    expect(waitBefore(busy(MAX_TOTAL_WAIT_SECONDS + 1), first)).toBeUndefined();
    expect(waitBefore(busy(10), { ...first, waited: MAX_TOTAL_WAIT_SECONDS - 5 })).toBeUndefined();
  });

  test("a Retry-After that is a date", async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    const { store } = await callWith(problem(429, "quota_exceeded", { "Retry-After": date }));

    const error = (await store.images.get("1").catch((reason: unknown) => reason)) as ImageStoreError;

    expect(error.code).toBe("quota_exceeded");
    expect(error.retryAfter).toBeGreaterThan(3590);
  });

  test("the real second that a server names", async () => {
    const { store } = await callWith(problem(503, "deadline_exceeded", { "Retry-After": "1" }), IMAGE);
    const begun = performance.now();

    await store.images.get("1");

    expect(performance.now() - begun).toBeGreaterThan(990);
  });
});
