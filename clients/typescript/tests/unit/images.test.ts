import { describe, expect, test } from "vitest";
import { createImageStore, src, srcset } from "../../src/index";
import { problem, startServer } from "../server";

describe("exists", () => {
  test.each([
    ["an image that is there", { status: 200, json: { id: "1" } }, true],
    ["an image that is not there", problem(404, "image_not_found"), false],
  ])("says for %s", async (_, reply, answer) => {
    const server = await startServer(reply);

    expect(await createImageStore({ url: server.url, key: "isk_1" }).images.exists("1")).toBe(answer);
  });

  test.each([
    ["the address is wrong", { status: 404, json: { message: "Not Found" } }, "not_offered"],
    ["the caller may not ask", problem(403, "scope_required"), "scope_required"],
  ])("does not say no if %s", async (_, reply, code) => {
    const server = await startServer(reply);

    await expect(createImageStore({ url: server.url, key: "isk_1" }).images.exists("1")).rejects.toMatchObject({ code });
  });
});

describe("update", () => {
  const image = (tags: string[], etag: string) => ({ status: 200, headers: { ETag: etag }, json: { id: "1", tags } });

  test("a function runs again when somebody else was faster", async () => {
    const server = await startServer(
      image(["a"], '"1"'),
      problem(412, "precondition_failed"),
      image(["a", "b"], '"2"'),
      image(["a", "b", "c"], '"3"'),
    );

    await createImageStore({ url: server.url, key: "isk_1" }).images.update("1", ({ tags }) => ({ tags: [...tags, "c"] }));

    const patches = server.seen.filter(({ method }) => method === "PATCH");
    expect(patches.map(({ headers }) => headers["if-match"])).toEqual(['"1"', '"2"']);
    expect(patches.map(({ body }) => body)).toEqual(['{"tags":["a","c"]}', '{"tags":["a","b","c"]}']);
  });

  test("a function runs five times at most", async () => {
    const replies = Array.from({ length: 5 }, () => [image([], '"1"'), problem(412, "precondition_failed")]);
    const server = await startServer(...replies.flat());

    const update = createImageStore({ url: server.url, key: "isk_1" }).images.update("1", () => ({ title: "One" }));

    await expect(update).rejects.toMatchObject({ code: "precondition_failed" });
    expect(server.seen.length).toBe(10);
  });
});

describe("deleteMany", () => {
  test("a hundred ids go into one request", async () => {
    const answer = { status: 200, json: { successful: ["1"], failed: [], next_cursor: null } };
    const server = await startServer(answer);
    const ids = Array.from({ length: 201 }, (_, number) => String(number));

    const result = await createImageStore({ url: server.url, key: "isk_1" }).images.deleteMany(ids);

    const sent = server.seen.map(({ body }) => (JSON.parse(body) as { ids: string[] }).ids.length);
    expect(sent).toEqual([100, 100, 1]);
    expect(result.successful.length).toBe(3);
  });

  test("a group whose cursor is repeated is not deleted for ever", async () => {
    const server = await startServer({ status: 200, json: { successful: [], failed: [], next_cursor: "c1" } });

    const deleting = createImageStore({ url: server.url, key: "isk_1" }).images.deleteMany({ group: "album:a" });

    await expect(deleting).rejects.toMatchObject({ code: "invalid_cursor" });
    expect(server.seen.length).toBe(2);
  });

  test("a group is deleted to its end", async () => {
    const page = (next_cursor: string | null) => ({ status: 200, json: { successful: ["1"], failed: [], next_cursor } });
    const server = await startServer(page("c1"), page(null));

    const result = await createImageStore({ url: server.url, key: "isk_1" }).images.deleteMany({ group: "album:a" });

    expect(server.seen.map(({ body }) => (JSON.parse(body) as { cursor?: unknown }).cursor)).toEqual([undefined, "c1"]);
    expect(result.successful).toEqual(["1", "1"]);
  });
});

describe("lists", () => {
  const page = (items: string[], next_cursor: string | null) => ({ status: 200, json: { items: items.map((id) => ({ id })), next_cursor } });

  test.each([["c1", "c1"], ["c1", "c2", "c1"]])("a list whose cursors are %s … ends with an error", async (...cursors) => {
    const server = await startServer(...cursors.map((cursor) => page(["1"], cursor)));
    const store = createImageStore({ url: server.url, key: "isk_1" });

    const reading = store.images.list().toArray({ limit: 100 });

    await expect(reading).rejects.toMatchObject({ code: "invalid_cursor", status: undefined });
    expect(server.seen.length).toBe(cursors.length);
  });

  test("a list is continued from a cursor", async () => {
    const server = await startServer(page(["2"], "c2"), page(["3"], null));
    const ids: string[] = [];

    for await (const { items } of createImageStore({ url: server.url, key: "isk_1" }).images.list().pages("c1")) {
      ids.push(...items.map(({ id }) => id));
    }

    expect(ids).toEqual(["2", "3"]);
    expect(server.seen.map(({ path }) => path)).toEqual(["/v1/images?cursor=c1", "/v1/images?cursor=c2"]);
  });

  test("an empty page in the middle is not the end", async () => {
    const server = await startServer(page(["1"], "c1"), page([], "c2"), page(["2"], null));
    const ids: string[] = [];

    for await (const { id } of createImageStore({ url: server.url, key: "isk_1" }).images.list({ tag: "a" })) ids.push(id);

    expect(ids).toEqual(["1", "2"]);
    expect(server.seen.map(({ path }) => path)).toEqual([
      "/v1/images?tag=a",
      "/v1/images?tag=a&cursor=c1",
      "/v1/images?tag=a&cursor=c2",
    ]);
  });

  test("no page is read before it is needed", async () => {
    const server = await startServer(page(["1", "2"], "c1"));
    const list = createImageStore({ url: server.url, key: "isk_1" }).images.list();

    expect(server.seen.length).toBe(0);
    expect((await list.toArray({ limit: 2 })).length).toBe(2);
    expect(await list.toArray({ limit: 0 })).toEqual([]);
    expect(server.seen.length).toBe(1);
  });

  test("a list can be read again from its beginning", async () => {
    const server = await startServer(page(["1"], null));
    const list = createImageStore({ url: server.url, key: "isk_1" }).images.list();

    await list.toArray({ limit: 5 });
    await list.toArray({ limit: 5 });

    expect(server.seen.map(({ path }) => path)).toEqual(["/v1/images", "/v1/images"]);
  });
});

describe("addresses of a share", () => {
  const prefix = "https://images.example.com/s/token";

  test("they are built from the prefix, an image and a preset", () => {
    expect(src(prefix, "1")).toBe(`${prefix}/1/display`);
    expect(src({ url_prefix: prefix }, { id: "1" }, "w640")).toBe(`${prefix}/1/w640`);
    expect(srcset(prefix, "1", [640, 1280])).toBe(`${prefix}/1/w640 640w, ${prefix}/1/w1280 1280w`);
    expect(srcset(prefix, "1").split(", ").length).toBe(3);
  });

  test("they cannot be built if the prefix is hidden", () => {
    expect(() => src({ url_prefix: null }, "1")).toThrow(TypeError);
  });
});

test("health that is down is an answer of the admin, and a busy gateway is not", async () => {
  const down = { status: "down", components: { table: { status: "down", detail: null } } };
  const server = await startServer({ status: 503, json: down }, { status: 503, json: { message: "Service Unavailable" } });
  const { admin } = createImageStore({ url: server.url, key: "isk_1", maxRetries: 0 });

  expect(await admin.health()).toEqual(down);
  await expect(admin.health()).rejects.toMatchObject({ code: "storage_unavailable" });
});

test("a list without a cursor ends, so that an answer of something else is not read for ever", async () => {
  const server = await startServer({ status: 200, json: { items: [{ id: "1" }] } });

  const cards = await createImageStore({ url: server.url, key: "isk_1" }).images.list().toArray({ limit: 5 });

  expect(cards.length).toBe(1);
  expect(server.seen.length).toBe(1);
});
