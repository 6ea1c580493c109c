import { expect, test, vi } from "vitest";
import { createImageStore, type ImageStore } from "../../../src/index";
import { problem, startServer, type Reply } from "../../server";

const HOUR_MS = 3_600_000;

const share = (id: string): Reply => ({
  status: 201,
  json: { id, url_prefix: `https://store.example/s/${id}`, created_at: "2030-01-01T10:00:00Z", expires_at: "2030-01-01T11:00:00Z" },
});

async function storeWith(...replies: Reply[]) {
  const server = await startServer(...replies);
  return { store: createImageStore({ url: server.url, key: "isk_1", maxRetries: 0 }), server };
}

const all = (store: ImageStore) => store.share({ all: true }, { reuse: true });

test("a share is given again while at least half of its life is left, whatever the clock says", async () => {
  const { store, server } = await storeWith(share("s1"), share("s2"));
  const clock = vi.spyOn(Date, "now").mockReturnValue(0);

  const first = await all(store.as("alice"));
  clock.mockReturnValue(HOUR_MS / 2 - 1);
  const again = await all(store.as("alice"));
  clock.mockReturnValue(HOUR_MS / 2);
  const next = await all(store.as("alice"));

  expect([first.id, again.id, next.id]).toEqual(["s1", "s1", "s2"]);
  expect(server.seen).toHaveLength(2);
});

test("calls at the same time make one share, and an abort of one does not end it for the others", async () => {
  const { store, server } = await storeWith(share("s1"));
  const controller = new AbortController();

  const aborted = store.share({ all: true }, { reuse: true, signal: controller.signal });
  const others = [all(store), all(store)];
  controller.abort(new Error("enough"));

  await expect(aborted).rejects.toThrow("enough");
  expect((await Promise.all(others)).map(({ id }) => id)).toEqual(["s1", "s1"]);
  expect(server.seen).toHaveLength(1);
});

test("another owner, caller or request has another share", async () => {
  const { store, server } = await storeWith(...Array.from({ length: 9 }, (_, at) => share(`s${at}`)));
  let user = "a";
  const signedIn = createImageStore({ url: server.url, token: () => `token-of-${user}` });
  const shares = [
    await all(store),
    await all(store.as("alice")),
    await all(store.as("bob")),
    await store.share({ group: "album:a" }, { reuse: true }),
    await store.share({ image: "1" }, { reuse: true }),
    await store.share({ all: true, presets: ["thumb"] }, { reuse: true }),
    await all(signedIn),
    ((user = "b"), await all(signedIn)),
    await store.share({ all: true }),
  ];

  expect(new Set(shares.map(({ id }) => id)).size).toBe(9);
  expect(server.seen).toHaveLength(9);
});

test("a share whose request never ends is not awaited for ever", async () => {
  const { store, server } = await storeWith("silence", share("s2"));
  const clock = vi.spyOn(Date, "now").mockReturnValue(0);
  void all(store).catch(() => undefined);
  await expect.poll(() => server.seen.length).toBe(1);

  clock.mockReturnValue(60_000);

  expect((await all(store)).id).toBe("s2");
});

test("a failure is not given again", async () => {
  const { store } = await storeWith(problem(403, "scope_required"), share("s1"));

  await expect(all(store)).rejects.toMatchObject({ code: "scope_required" });
  expect((await all(store)).id).toBe("s1");
});

test.each([
  ["by itself", (store: ImageStore) => all(store).then((each) => each.revoke())],
  ["by its id", (store: ImageStore) => store.as("alice").shares.revoke("s1")],
])("a share that was revoked %s is not given again", async (_, revoke) => {
  const { store } = await storeWith(share("s1"), { status: 204, text: "" }, share("s2"));
  await all(store);

  await revoke(store);

  expect((await all(store)).id).toBe("s2");
});

test("only the last thousand shares are kept", async () => {
  const { store, server } = await storeWith(share("s1"));
  for (let owner = 0; owner <= 1000; owner += 1) await all(store.as(String(owner)));

  await all(store.as("1000"));
  await all(store.as("1"));
  const before = server.seen.length;
  await all(store.as("0"));

  expect([before, server.seen.length]).toEqual([1001, 1002]);
});
