import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createRenewedShare } from "../../../src/react/shares";
import { problem, type Reply } from "../../server";
import { follow, storeWith } from "./follow";

const share = (id: string, seconds: number): Reply => ({
  status: 201,
  json: {
    id,
    url_prefix: `https://store.example/s/${id}`,
    created_at: "2030-01-01T10:00:00Z",
    expires_at: new Date(Date.UTC(2030, 0, 1, 10) + seconds * 1000).toISOString(),
  },
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets the given time pass, and what it starts end. */
async function pass(seconds: number, seen: { length: number }, requests: number) {
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  await vi.waitUntil(() => seen.length >= requests, { timeout: 2000 }).catch(() => undefined);
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
}

test("a share is created once, and again a minute before it ends", async () => {
  const { store, server } = await storeWith(share("s1", 3600), share("s2", 3600));
  const renewed = createRenewedShare(store, { all: true, expires_in: 3600 });
  follow(renewed);

  await pass(0, server.seen, 1);
  const first = renewed.get().share?.id;
  await pass(3500, server.seen, 1);
  const requestsBefore = server.seen.length;
  await pass(41, server.seen, 2);

  expect([first, requestsBefore, renewed.get().share?.id]).toEqual(["s1", 1, "s2"]);
  expect(JSON.parse(server.seen[0]!.body)).toEqual({ all: true, expires_in: 3600 });
});

test("a share that could not be renewed stays, and is tried again a minute later", async () => {
  const { store, server } = await storeWith(share("s1", 600), problem(500, "internal_error"), share("s2", 600));
  const renewed = createRenewedShare(store, { all: true });
  follow(renewed);

  await pass(0, server.seen, 1);
  await pass(541, server.seen, 2);
  const failed = renewed.get();
  await pass(61, server.seen, 3);

  expect(failed).toMatchObject({ share: { id: "s1" }, error: { code: "internal_error" } });
  expect(renewed.get()).toMatchObject({ share: { id: "s2" }, error: undefined });
});

test("a share that is refused at first is not asked for again and again", async () => {
  const { store, server } = await storeWith(problem(403, "scope_required"));
  const renewed = createRenewedShare(store, { all: true });
  follow(renewed);

  await pass(0, server.seen, 1);
  await pass(3600, server.seen, 1);

  expect(renewed.get()).toMatchObject({ share: null, error: { code: "scope_required" } });
  expect(server.seen).toHaveLength(1);
});
