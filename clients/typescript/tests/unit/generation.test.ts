import { expect, test, vi } from "vitest";
import { createImageStore, type Job } from "../../src/index";
import { problem, startServer } from "../server";

type Item = "queued" | "running" | "succeeded" | "failed";

/** A job whose images are in these states. */
function job(status: Job["status"], ...items: Item[]) {
  const succeeded = items.filter((item) => item === "succeeded").length;
  const json = { id: "j1", status, updated_at: "2026-03-01T12:00:05Z", progress: { succeeded } };
  return { status: 200, json: { ...json, items: items.map((item, index) => ({ index, status: item })) } };
}

/** A page of events, each as its type, job and number of the image. */
function page(cursor: string, ...events: [string, string, number?][]) {
  const items = events.map(([type, generation_id, index]) => ({ type: `generation.${type}`, data: { generation_id, index } }));
  return { status: 200, json: { items, next_cursor: cursor, has_more: false } };
}

async function watched(...replies: Parameters<typeof startServer>) {
  const server = await startServer(...replies);
  const seen: string[] = [];
  for await (const { status, progress } of createImageStore({ url: server.url, key: "isk_1" }).jobs.watch("j1")) {
    seen.push(`${status} ${progress.succeeded}`);
  }
  return { seen, requests: server.seen.map(({ path }) => path.replace(/^\/v1\//, "")), server };
}

const TYPES = "generation.item_finished,generation.finished";

test("a watch waits for the events of a job, and looks at it again after each end", async () => {
  const { seen, server } = await watched(
    job("running", "running", "queued"),
    page("c1", ["item_finished", "j1", 0]),
    job("running", "succeeded", "running"),
    page("c2", ["item_finished", "j1", 1], ["finished", "j1"]),
    job("succeeded", "succeeded", "succeeded"),
  );

  expect(seen).toEqual(["running 0", "running 1", "succeeded 2"]);
  const [, first, , second] = server.seen.map(({ path }) => new URL(path, server.url));
  expect(first?.pathname).toBe("/v1/events");
  expect(Object.fromEntries(first!.searchParams)).toEqual({ since: "2026-03-01T12:00:00.000Z", types: TYPES, limit: "100", wait: "2" });
  expect(Object.fromEntries(second!.searchParams)).toEqual({ after: "c1", types: TYPES, limit: "100", wait: "2" });
});

test("a watch yields a job only when it has changed, and waits longer each time that nothing happens", async () => {
  const nothing = Array.from({ length: 5 }, (_, number) => [job("running", "running"), page(`c${number}`)]).flat();
  const { seen, server } = await watched(...nothing, job("running", "running"), page("c9", ["finished", "j1"]), job("partial", "failed"));

  expect(seen).toEqual(["running 0", "partial 0"]);
  const waits = server.seen.map(({ path }) => new URL(path, server.url).searchParams.get("wait")).filter(Boolean);
  expect(waits).toEqual(["2", "4", "8", "16", "20", "20"]);
});

test("events of other jobs, and of what the job shows already, are no reason to look at it", async () => {
  const { seen, requests } = await watched(
    job("running", "succeeded", "running"),
    page("c1", ["item_finished", "j1", 0], ["item_finished", "j2", 1], ["finished", "j2"]),
    page("c2", ["finished", "j1"]),
    job("succeeded", "succeeded", "succeeded"),
  );

  expect(seen).toEqual(["running 1", "succeeded 2"]);
  expect(requests.map((path) => path.split("?")[0])).toEqual(["generations/j1", "events", "events", "generations/j1"]);
});

test.each([problem(403, "scope_required"), problem(503, "storage_unavailable"), "cut" as const])(
  "a caller who gets no events looks at the job now and then",
  async (refusal) => {
    const running = job("running", "running");
    const { seen, requests } = await watched(running, refusal, running, job("succeeded", "succeeded"));

    expect(seen).toEqual(["running 0", "succeeded 1"]);
    expect(requests.filter((path) => path.startsWith("events"))).toHaveLength(1);
  },
);

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

test("an abort ends a watch that waits for an event", async () => {
  const server = await startServer(job("running", "running"), "silence");
  const controller = new AbortController();
  const store = createImageStore({ url: server.url, key: "isk_1" });
  const watching = async () => {
    for await (const _ of store.jobs.watch("j1", { signal: controller.signal }));
  };

  const watch = expect(watching()).rejects.toThrow("enough");
  await vi.waitFor(() => expect(server.seen.length).toBe(2));
  controller.abort(new Error("enough"));
  await watch;
});
