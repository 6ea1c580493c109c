import { expect, test } from "vitest";
import { createImageStore } from "../../src/index";
import { startServer } from "../server";

function page(cursor: string, ...ids: string[]) {
  return { status: 200, json: { items: ids.map((id) => ({ id, type: "image.created" })), next_cursor: cursor, has_more: false } };
}

test("events are iterated one by one, each page from the cursor of the one before", async () => {
  const server = await startServer(page("c1", "e1", "e2"), page("c2"), page("c3", "e3"));
  const store = createImageStore({ url: server.url, key: "isk_1" });
  const ids: string[] = [];

  for await (const event of store.events({ since: "2026-03-01", types: ["image.created", "image.deleted"] })) {
    ids.push(event.id);
    if (ids.length === 3) break;
  }

  expect(ids).toEqual(["e1", "e2", "e3"]);
  const queries = server.seen.map(({ path }) => Object.fromEntries(new URL(path, server.url).searchParams));
  const types = "image.created,image.deleted";
  expect(queries).toEqual([
    { since: "2026-03-01", types, wait: "20" },
    { types, wait: "20", after: "c1" },
    { types, wait: "20", after: "c2" },
  ]);
});

test("pages hold the cursor to go on from, and an abort ends the wait", async () => {
  const server = await startServer(page("c2", "e1"), page("c3"));
  const controller = new AbortController();
  const store = createImageStore({ url: server.url, key: "isk_1" });
  const cursors: string[] = [];
  const reading = async () => {
    for await (const { next_cursor } of store.events({ after: "c1" }, { signal: controller.signal }).pages()) {
      cursors.push(next_cursor);
      controller.abort(new Error("enough"));
    }
  };

  await expect(reading()).rejects.toThrow("enough");
  expect(cursors).toEqual(["c2"]);
});
