import { afterEach, expect, test, vi } from "vitest";
import { uploadTokenFrom } from "../../../src/upload-tokens/index";
import { problem, startServer, type Reply } from "../../server";

const issued = (token: string, expires_in = 3600): Reply => ({ status: 200, json: { token, expires_at: "2026-03-01T12:00:00Z", expires_in } });
const keep = { refresh: false };

afterEach(() => {
  vi.useRealTimers();
});

async function startSource(...replies: Reply[]) {
  const server = await startServer(...replies);
  const source = uploadTokenFrom(server.url, { headers: { "X-App": "gallery" } });
  if (typeof source === "string") throw new Error("It must be a function.");
  return { source, server };
}

test("uploads that begin together share one request", async () => {
  const { source, server } = await startSource(issued("iut_1"), issued("iut_2"));

  const tokens = await Promise.all([source(keep), source(keep), source(keep)]);

  expect(tokens).toEqual(["iut_1", "iut_1", "iut_1"]);
  expect(server.seen).toHaveLength(1);
  expect(server.seen[0]).toMatchObject({ method: "POST", headers: { "x-app": "gallery" } });
});

test("a token that the store refused is replaced", async () => {
  const { source } = await startSource(issued("iut_1"), issued("iut_2"));

  const tokens = [await source(keep), await source({ refresh: true }), await source(keep)];

  expect(tokens).toEqual(["iut_1", "iut_2", "iut_2"]);
});

test("a token is replaced after half of its life", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { source } = await startSource(issued("iut_1", 600), issued("iut_2"));

  const first = await source(keep);
  vi.setSystemTime(Date.now() + 299_000);
  const kept = await source(keep);
  vi.setSystemTime(Date.now() + 2_000);
  const replaced = await source(keep);

  expect([first, kept, replaced]).toEqual(["iut_1", "iut_1", "iut_2"]);
});

test("a refusal of the route has its code, and the next upload asks again", async () => {
  const { source } = await startSource(problem(403, "upload_not_allowed"), issued("iut_1"));

  const error: unknown = await Promise.resolve(source(keep)).catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ name: "ImageStoreError", code: "upload_not_allowed", status: 403 });
  expect(await source(keep)).toBe("iut_1");
});

test("a page in place of a token is an error", async () => {
  const { source } = await startSource({ status: 200, text: "<h1>Sign in</h1>" });

  await expect(source(keep)).rejects.toMatchObject({ code: "not_an_image_store" });
});
