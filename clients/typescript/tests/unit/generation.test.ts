import { expect, test, vi } from "vitest";
import { createImageStore, type Job } from "../../src/index";
import { problem, startServer } from "../server";

function job(status: Job["status"], succeeded = 0) {
  return { status: 200, json: { id: "j1", status, progress: { succeeded }, items: [] } };
}

test("a watch yields a job only when it has changed, and ends with it", async () => {
  const server = await startServer(job("running"), job("running"), job("partial", 1));
  const seen: string[] = [];

  for await (const { status, progress } of createImageStore({ url: server.url, key: "isk_1" }).jobs.watch("j1")) {
    seen.push(`${status} ${progress.succeeded}`);
  }

  expect(seen).toEqual(["running 0", "partial 1"]);
  expect(server.seen.length).toBe(3);
});

test.each(["succeeded", "partial", "failed", "cancelled"] as const)("generate returns a job that is %s", async (status) => {
  const server = await startServer({ status: 202, json: { id: "j1", status: "queued" } }, job(status));
  const seen: string[] = [];

  const done = await createImageStore({ url: server.url, key: "isk_1" }).generate("a cat", {
    onProgress: (each) => seen.push(each.status),
  });

  expect(done.status).toBe(status);
  expect(seen).toEqual([status]);
  expect(JSON.parse(server.seen[0]?.body ?? "")).toEqual({ items: [{ prompt: "a cat" }] });
});

test("a watch survives a store that is away for a moment", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  const server = await startServer(problem(503, "storage_unavailable"), "cut", job("succeeded"));
  const seen: string[] = [];

  for await (const { status } of createImageStore({ url: server.url, key: "isk_1" }).jobs.watch("j1")) seen.push(status);

  expect(seen).toEqual(["succeeded"]);
});

test("an abort ends a watch between two looks", async () => {
  const server = await startServer(job("running"));
  const controller = new AbortController();
  const watching = async () => {
    const store = createImageStore({ url: server.url, key: "isk_1" });
    for await (const _ of store.jobs.watch("j1", { signal: controller.signal })) controller.abort(new Error("enough"));
  };

  await expect(watching()).rejects.toThrow("enough");
  expect(server.seen.length).toBe(1);
});
