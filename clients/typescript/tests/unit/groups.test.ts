import { describe, expect, test } from "vitest";
import { createGroups, createTags } from "../../src/groups/index";
import { startServer } from "../server";

const album = { group: "album:a", images: 1 };
const part = (images: number, next_cursor: string | null, failed: unknown[] = []) => ({
  status: 200,
  json: { images, failed, next_cursor },
});

describe("groups", () => {
  test("a group is deleted with as many requests as it needs", async () => {
    const failure = { id: "i1", error: { code: "conflict" } };
    const server = await startServer(part(100, "c1", [failure]), part(7, null));

    const deletion = await createGroups({ url: server.url, key: "isk_1" }).delete("album:a", { images: "keep" });

    expect(deletion).toEqual({ images: 107, failed: [failure] });
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "DELETE /v1/groups/album%3Aa?images=keep",
      "DELETE /v1/groups/album%3Aa?images=keep&cursor=c1",
    ]);
  });

  test("a group may have any characters in its id", async () => {
    const server = await startServer({ status: 200, json: album });

    await createGroups({ url: server.url, key: "isk_1" }).get("album:50% a/b?#é");

    expect(server.seen[0]!.path).toBe("/v1/groups/album%3A50%25%20a%2Fb%253F%23%C3%A9");
  });

  test("a creation without an id is sent once, because a second one would make another group", async () => {
    const busy = { status: 503, json: { code: "storage_unavailable" }, headers: { "Retry-After": "0" } };
    const server = await startServer(busy, { status: 201, json: album });
    const groups = createGroups({ url: server.url, key: "isk_1" });

    await expect(groups.create({ type: "album" })).rejects.toThrow();
    await groups.create({ type: "album", id: "a" });

    expect(server.seen.length).toBe(2);
  });
});

test("tags are read page by page", async () => {
  const page = (tag: string, next_cursor: string | null) => ({ status: 200, json: { items: [{ tag }], next_cursor } });
  const server = await startServer(page("a", "c1"), page("b", null));

  const tags = await createTags({ url: server.url, key: "isk_1" }).list({ prefix: "x" }).toArray({ limit: 9 });

  expect(tags.map(({ tag }) => tag)).toEqual(["a", "b"]);
  expect(server.seen.map(({ path }) => path)).toEqual(["/v1/tags?prefix=x", "/v1/tags?prefix=x&cursor=c1"]);
});
