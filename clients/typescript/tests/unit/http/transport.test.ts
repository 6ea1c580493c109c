import { inspect } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createImageStore, type ImageStoreOptions } from "../../../src/index";
import { problem, startServer, unusedAddress, type Reply } from "../../server";

const IMAGE = { status: 200, json: { id: "1" } };

describe("credentials", () => {
  test.each([
    [{ key: "isk_1" }, "Bearer isk_1"],
    [{ token: "jwt" }, "Bearer jwt"],
    [{ token: () => "made" }, "Bearer made"],
    [{ token: async () => "promised" }, "Bearer promised"],
    [{ uploadToken: "iut_1" }, "Bearer iut_1"],
    [{}, undefined],
  ])("%o are sent as %s", async (credentials, header) => {
    const server = await startServer(IMAGE);

    await createImageStore({ url: server.url, ...credentials }).images.get("1");

    expect(server.seen[0]?.headers.authorization).toBe(header);
  });

  test("a token that is refused is renewed once, and then the refusal stands", async () => {
    const server = await startServer(problem(401, "invalid_token"));
    const refreshes: boolean[] = [];
    const token = ({ refresh }: { refresh: boolean }) => {
      refreshes.push(refresh);
      return "old";
    };

    const error = await createImageStore({ url: server.url, token }).images.get("1").catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code: "invalid_token", status: 401 });
    expect(refreshes).toEqual([false, true]);
    expect(server.seen.length).toBe(2);
  });

  test("requests that are refused at the same time share one new token", async () => {
    const refused = Array(3).fill(problem(401, "invalid_token")) as Reply[];
    const server = await startServer(...refused, IMAGE);
    const refreshes: boolean[] = [];
    const token = async ({ refresh }: { refresh: boolean }) => {
      refreshes.push(refresh);
      await new Promise((resolve) => setTimeout(resolve, 30));
      return refresh ? "new" : "old";
    };
    const store = createImageStore({ url: server.url, token });

    await Promise.all([store.images.get("1"), store.images.get("2"), store.as("alice").images.get("3")]);

    expect(refreshes).toEqual([false, false, false, true]);
    expect(server.seen.slice(3).map(({ headers }) => headers.authorization)).toEqual(Array(3).fill("Bearer new"));
  });

  test("a request that begins while a new token is on its way waits for that token", async () => {
    const server = await startServer(problem(401, "invalid_token"), IMAGE);
    let give: (token: string) => void = () => undefined;
    const refreshes: boolean[] = [];
    const token = ({ refresh }: { refresh: boolean }) => {
      refreshes.push(refresh);
      return refresh ? new Promise<string>((resolve) => (give = resolve)) : "old";
    };
    const store = createImageStore({ url: server.url, token });
    const first = store.images.get("1");
    await expect.poll(() => refreshes).toEqual([false, true]);

    const second = store.images.get("2");
    give("new");
    await Promise.all([first, second]);

    expect(refreshes).toEqual([false, true]);
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer old", "Bearer new", "Bearer new"]);
  });

  test("a renewal that failed is not remembered", async () => {
    const server = await startServer(problem(401, "invalid_token"), problem(401, "invalid_token"), IMAGE);
    let renewals = 0;
    const token = ({ refresh }: { refresh: boolean }) => {
      if (refresh && (renewals += 1) === 1) throw new Error("offline");
      return refresh ? "new" : "old";
    };
    const store = createImageStore({ url: server.url, token });

    await expect(store.images.get("1")).rejects.toThrow("offline");
    await store.images.get("1");

    expect(renewals).toBe(2);
  });

  test("a new token is not renewed again because the store is busy", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const server = await startServer(problem(401, "invalid_token"), problem(503, "storage_unavailable"), IMAGE);
    const refreshes: boolean[] = [];
    const token = ({ refresh }: { refresh: boolean }) => {
      refreshes.push(refresh);
      return "token";
    };

    await createImageStore({ url: server.url, token }).images.get("1");

    expect(refreshes).toEqual([false, true, false]);
  });

  test("an upload token that is used up is replaced", async () => {
    const server = await startServer(problem(403, "upload_token_used_up"), { status: 201, json: { id: "i1" } });
    const tokens: boolean[] = [];
    const uploadToken = ({ refresh }: { refresh: boolean }) => (tokens.push(refresh), `iut_${tokens.length}`);
    const store = createImageStore({ url: server.url, uploadToken });

    const image = await store.upload(new Uint8Array([0xff, 0xd8, 0xff]));

    expect(image.id).toBe("i1");
    expect(tokens).toEqual([false, true]);
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer iut_1", "Bearer iut_2"]);
  });

  test("a POST is repeated with the new token, because the refused one did nothing", async () => {
    const server = await startServer(problem(401, "invalid_token"), { status: 201, json: { id: "s1" } });
    const token = ({ refresh }: { refresh: boolean }) => (refresh ? "new" : "old");

    await createImageStore({ url: server.url, token }).share({ all: true });

    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer old", "Bearer new"]);
  });

  test("a fixed token is not sent twice", async () => {
    const server = await startServer(problem(401, "key_revoked"));

    const error = await createImageStore({ url: server.url, key: "isk_1" }).images.get("1").catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code: "key_revoked" });
    expect(server.seen.length).toBe(1);
  });

  test("a token function that fails is not hidden", async () => {
    const server = await startServer(IMAGE);
    const token = () => Promise.reject(new Error("signed out"));

    await expect(createImageStore({ url: server.url, token }).images.get("1")).rejects.toThrow("signed out");
    expect(server.seen.length).toBe(0);
  });

  test("the owner is percent-encoded, and only that store acts for it", async () => {
    const server = await startServer(IMAGE);
    const store = createImageStore({ url: server.url, key: "isk_1", owner: "first" });

    await store.as("auth0|ä").images.get("1");
    await store.images.get("1");

    expect(server.seen.map(({ headers }) => headers["image-store-owner"])).toEqual(["auth0%7C%C3%A4", "first"]);
  });
});

describe("redirects", () => {
  test("the storage gets neither the token nor the owner", async () => {
    const storage = await startServer({ status: 200, text: "bytes" });
    const server = await startServer({ status: 302, headers: { Location: `${storage.url}/o?X-Amz-Signature=1` }, text: "" });
    const store = createImageStore({ url: server.url, key: "isk_1", owner: "alice" });

    const bytes = await store.images.bytes("1", { preset: "thumb" });

    expect(await bytes.text()).toBe("bytes");
    expect(server.seen[0]?.path).toBe("/v1/images/1/content?rendition=thumb");
    expect(server.seen[0]?.headers.authorization).toBe("Bearer isk_1");
    expect(storage.seen[0]?.path).toBe("/o?X-Amz-Signature=1");
    expect(storage.seen[0]?.headers.authorization).toBeUndefined();
    expect(storage.seen[0]?.headers["image-store-owner"]).toBeUndefined();
  });

  test.each([
    [403, "storage_refused"],
    [500, "storage_unavailable"],
  ])("an answer %i of the storage is %s, and does not reveal its link", async (status, code) => {
    const storage = await startServer({ status, text: "<Error/>" });
    const server = await startServer({ status: 302, headers: { Location: `${storage.url}/o?X-Amz-Signature=1` }, text: "" });

    const store = createImageStore({ url: server.url, key: "isk_1", maxRetries: 0 });
    const error = await store.images.bytes("1").catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code, status });
    expect(String(error)).not.toContain("Signature");
  });

  test.each(["http://[secret", "javascript:secret", "http://secret:secret@127.0.0.1/", "https://:secret@127.0.0.1/"])(
    "a redirect to %s is refused, and no error shows it",
    async (location) => {
      const server = await startServer({ status: 302, headers: { Location: location }, text: "" });
      const store = createImageStore({ url: server.url, key: "isk_1" });

      const error = await store.images.bytes("1").catch((reason: unknown) => reason);

      expect(error).toMatchObject({ code: "not_an_image_store", status: 302 });
      expect((error as Error).cause).toBeUndefined();
      expect(inspect(error, { depth: 9 })).not.toContain("secret");
      expect(server.seen.length).toBe(1);
    },
  );

  test("an address that redirects elsewhere is not the store's", async () => {
    const other = await startServer(IMAGE);
    const server = await startServer({ status: 301, headers: { Location: other.url }, text: "" });

    const error = await createImageStore({ url: server.url, key: "isk_1" }).images.get("1").catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code: "not_an_image_store", status: 301 });
    expect(other.seen.length).toBe(0);
  });

  test("a download whose connection is cut begins again", async () => {
    const storage = await startServer("cut", { status: 200, text: "bytes" });
    const server = await startServer({ status: 302, headers: { Location: storage.url }, text: "" });

    const bytes = await createImageStore({ url: server.url, key: "isk_1" }).images.bytes("1");

    expect(bytes.size).toBe(5);
    expect(server.seen.length).toBe(2);
  });
});

describe("addresses", () => {
  test("ids and queries are encoded", async () => {
    const server = await startServer(IMAGE);
    const store = createImageStore({ url: `${server.url}/base/`, key: "isk_1" });

    await store.images.get("../keys?x#y");
    await store.images.list({ group: "album:a&b", tag: "a b" }).page("c=1");

    expect(server.seen.map(({ path }) => path)).toEqual([
      "/base/v1/images/..%2Fkeys%3Fx%23y",
      "/base/v1/images?group=album%3Aa%26b&tag=a+b&cursor=c%3D1",
    ]);
  });
});

describe("large answers", () => {
  const text = `{"id": "${"x".repeat(16_000_000)}"}`;

  test.each([200, 500])("an answer %i of over 16 MB is not read to its end", async (status) => {
    let sent = 0;
    let isCancelled = false;
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull: (to) => to.enqueue(new Uint8Array((sent += 65_536) && 65_536)),
        cancel: () => void (isCancelled = true),
      });
    const fetch = () => Promise.resolve(new Response(endless(), { status }));
    const store = createImageStore({ url: "https://images.example.com", maxRetries: 0, fetch });

    const error = await store.images.get("1").catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code: "not_an_image_store", status, detail: "The answer has over 16 MB." });
    expect(isCancelled).toBe(true);
    expect(sent).toBeLessThan(17_000_000);
  });

  test("an image may be larger", async () => {
    const server = await startServer({ status: 200, text });

    const bytes = await createImageStore({ url: server.url, key: "isk_1" }).images.bytes("1");

    expect(bytes.size).toBe(text.length);
  });

  test("texts in parts are joined as they were", async () => {
    const bytes = new TextEncoder().encode('{"id": "ä€🦊"}');
    const parts = () => new ReadableStream({ start: (to) => (bytes.forEach((byte) => to.enqueue(Uint8Array.of(byte))), to.close()) });
    const store = createImageStore({ url: "https://images.example.com", fetch: async () => new Response(parts()) });

    expect(await store.images.get("1")).toEqual({ id: "ä€🦊" });
  });
});

describe("aborts and time limits", () => {
  test("an abort before the request sends nothing", async () => {
    const server = await startServer(IMAGE);
    const signal = AbortSignal.abort(new Error("never mind"));

    await expect(createImageStore({ url: server.url }).images.get("1", { signal })).rejects.toThrow("never mind");
    expect(server.seen.length).toBe(0);
  });

  test("an abort during the request throws the reason of the signal", async () => {
    const server = await startServer("silence");
    const controller = new AbortController();

    const request = createImageStore({ url: server.url }).images.get("1", { signal: controller.signal });
    await expect.poll(() => server.seen.length).toBe(1);
    controller.abort(new Error("enough"));

    await expect(request).rejects.toThrow("enough");
  });

  test("an abort ends the wait for the next attempt", async () => {
    const server = await startServer(problem(503, "storage_unavailable", { "Retry-After": "60" }));
    const controller = new AbortController();

    const request = createImageStore({ url: server.url }).images.get("1", { signal: controller.signal });
    await expect.poll(() => server.seen.length).toBe(1);
    controller.abort(new Error("enough"));

    await expect(request).rejects.toThrow("enough");
    expect(server.seen.length).toBe(1);
  });

  test("silence ends with a timeout", async () => {
    const server = await startServer("silence");
    const store = createImageStore({ url: server.url, timeoutSeconds: 0.05, maxRetries: 0 });

    const error = await store.images.get("1").catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code: "timeout", status: undefined });
  });

  test("a server that is not there is a network error", async () => {
    const url = await unusedAddress();
    const store = createImageStore({ url, maxRetries: 0 });

    const error = await store.images.get("1").catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code: "network_error", status: undefined, detail: `No answer came from ${url} (ECONNREFUSED).` });
  });

  test("in a page of another origin a network error names the origin that may not be allowed, and never a path", async () => {
    vi.stubGlobal("location", { origin: "http://localhost:5173" });
    onTestFinished(() => void vi.unstubAllGlobals());
    const fetch = () => Promise.reject(new TypeError("Failed to fetch"));
    const store = createImageStore({ url: "https://images.example.com/secret", maxRetries: 0, fetch });

    const error = await store.images.search("private").page().catch((reason: unknown) => reason);

    const detail = "No answer came from https://images.example.com. Is http://localhost:5173 in its AllowedOrigins?";
    expect(error).toMatchObject({ code: "network_error", detail });
  });
});

describe("what is missing", () => {
  const url = "https://images.example.com";

  test.each([
    [{ key: undefined }, "key"],
    [{ key: " " }, "key"],
    [{ key: () => "isk_1" }, "key"],
    [{ token: undefined }, "token"],
    [{ uploadToken: "" }, "uploadToken"],
    [{ key: "isk_1", token: "jwt" }, "only one of key, token"],
    [{ key: "isk_1", owner: undefined }, "owner"],
  ])("%o is refused at once", (credentials, named) => {
    const create = () => createImageStore({ url, ...credentials } as ImageStoreOptions);

    expect(create).toThrow(TypeError);
    expect(create).toThrow(named);
  });

  test.each([undefined, null, ""])("a key never acts for itself in place of the owner %o", (owner) => {
    const store = createImageStore({ url, key: "isk_1" });

    expect(() => store.as(owner as string)).toThrow(TypeError);
  });

  test.each([undefined, null, "", " \n", 7])("a function that returns %o in place of a token is named", async (returned) => {
    const server = await startServer(IMAGE);
    const store = createImageStore({ url: server.url, token: () => returned as string });

    const error = await store.images.get("1").catch((reason: unknown) => reason);

    const detail = "The function that returns the token returned none.";
    expect(error).toMatchObject({ code: "invalid_token", status: 401, detail });
    expect(server.seen).toEqual([]);
  });

  test.each([
    ["<!doctype html><title>secret</title>", "a web page: is the address right from which it gets the token?"],
    ['{"token": "secret"}', "JSON: it has to return only the token in it"],
    ['"secret"', "JSON: it has to return only the token in it"],
    [{ token: "secret" }, "an object: it has to return the text of the token in it"],
    ["secret of mine", "a text that is no token: a token is one word of letters, digits and -._~+/"],
    ["secret, secret", "a text that is no token: a token is one word of letters, digits and -._~+/"],
  ])("a function that returns %o in place of a token is told so, and no error shows it", async (returned, kind) => {
    const server = await startServer(IMAGE);
    const store = createImageStore({ url: server.url, uploadToken: () => returned as string });

    const error = await store.images.get("1").catch((reason: unknown) => reason);

    const detail = `The function that returns the token returned ${kind}.`;
    expect(error).toMatchObject({ code: "invalid_token", detail });
    expect(detail + String((error as Error).stack)).not.toContain("secret");
    expect(server.seen).toEqual([]);
  });

  test.each(["a.b-c_d", "abc==", "isk_0f~/+"])("%s can be a token", async (token) => {
    const server = await startServer(IMAGE);

    await createImageStore({ url: server.url, token: () => token }).images.get("1");

    expect(server.seen[0]?.headers.authorization).toBe(`Bearer ${token}`);
  });
});

describe("what cannot be sent", () => {
  test.each(["isk_1\nisk_2", "isk_ä", "isk_1 isk_2", '"isk_1"'])("the token %j is refused, and no error shows it", async (key) => {
    const server = await startServer(IMAGE);

    const error = await createImageStore({ url: server.url, key }).images.get("1").catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code: "invalid_token" });
    expect((error as Error).cause).toBeUndefined();
    expect(String((error as Error).stack)).not.toContain("isk_");
    expect(server.seen).toEqual([]);
  });

  test("a line break after a key does not count", async () => {
    const server = await startServer(IMAGE);

    await createImageStore({ url: server.url, key: "isk_1\n" }).images.get("1");

    expect(server.seen[0]?.headers.authorization).toBe("Bearer isk_1");
  });

  test.each(["", ".", ".."])("the id %j, which would lead to another route", async (id) => {
    const server = await startServer(IMAGE);
    const { images } = createImageStore({ url: server.url, key: "isk_1" });

    const errors = await Promise.all([images.exists(id), images.bytes(id), images.delete(id)].map((each) => each.catch((reason: unknown) => reason)));

    expect(errors).toEqual(Array(3).fill(expect.objectContaining({ code: "invalid_request" })));
    expect(server.seen).toEqual([]);
  });

  test("a mistake of the caller is no failure of the network", async () => {
    const server = await startServer(IMAGE);

    const reading = createImageStore({ url: server.url, key: "isk_1", owner: "\ud800" }).images.get("1");

    await expect(reading).rejects.toThrow(URIError);
    expect(server.seen).toEqual([]);
  });
});

test("an abort does not wait for a token", async () => {
  const controller = new AbortController();
  const store = createImageStore({ url: "http://127.0.0.1:9", token: () => new Promise<string>(() => undefined) });
  const reading = store.images.get("1", { signal: controller.signal });

  controller.abort(new Error("enough"));

  await expect(reading).rejects.toThrow("enough");
});
