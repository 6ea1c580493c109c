import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Image } from "../../../src/index";
import { createQueue, type QueueOptions } from "../../../src/react/queue";
import { problem, type Reply } from "../../server";
import { follow, storeWith, until } from "./follow";
import { image } from "./images";

const JPEG = new Uint8Array([0xff, 0xd8, 0xff, 0xe0]);
const file = (name: string, type = "image/jpeg") => new File([JPEG], name, { type });
const stored: Reply = { status: 201, json: image() };

async function queueWith(replies: Reply[], options: QueueOptions = {}) {
  const { store, server } = await storeWith(...replies);
  const queue = createQueue(() => ({ ...options, store }));
  follow(queue);
  return { queue, server };
}

const statuses = (files: readonly { status: string }[]) => files.map(({ status }) => status);

test("every file is sent once with its attributes, and its image is reported", async () => {
  const images: Image[] = [];
  const options = { attributes: ({ name }: File) => ({ title: name }), onStored: (each: Image) => images.push(each) };
  const { queue, server } = await queueWith([stored], options);

  queue.add([file("a.jpg"), file("b.jpg")]);
  const { files } = await until(queue, (state) => state.files.every(({ status }) => status === "stored"));

  expect(files.map(({ progress, image: each }) => [progress, each?.id])).toEqual([[1, "img1"], [1, "img1"]]);
  expect(images).toHaveLength(2);
  const titles = server.seen.map(({ body }) => /"title":"(.*?)"/.exec(body)?.[1]);
  expect(titles.sort()).toEqual(["a.jpg", "b.jpg"]);
});

test("five files are sent at once, and the next one when a place is free", async () => {
  const { queue, server } = await queueWith(["silence"]);

  queue.add(Array.from({ length: 7 }, (_, at) => file(`${at}.jpg`)));
  await until(queue, () => server.seen.length === 5);
  const before = statuses(queue.get().files);
  queue.cancel(queue.get().files[0]!.id);
  await until(queue, () => server.seen.length === 6);

  expect(before).toEqual([...Array<string>(5).fill("uploading"), "waiting", "waiting"]);
  expect(statuses(queue.get().files).slice(0, 2)).toEqual(["cancelled", "uploading"]);
});

test("a retry of a failed upload is the same upload for the store", async () => {
  const { queue, server } = await queueWith([problem(503, "storage_unavailable"), stored]);
  queue.add([file("a.jpg")]);
  const failed = await until(queue, ({ files }) => files[0]?.status === "failed");

  queue.retry(failed.files[0]!.id);
  const { files } = await until(queue, (state) => state.files[0]?.status === "stored");

  expect(failed.files[0]?.error).toMatchObject({ code: "storage_unavailable" });
  expect(files[0]?.error).toBeUndefined();
  const [first, second] = server.seen.map(({ headers }) => headers["idempotency-key"]);
  expect(first).toBeTruthy();
  expect(second).toBe(first);
});

test.each([
  ["invalid_image", 422, false],
  ["payload_too_large", 413, false],
  ["quota_exceeded", 429, true],
  ["internal_error", 500, true],
])("whether a retry can mend %s is said", async (code, status, canRetry) => {
  const { queue, server } = await queueWith([problem(status, code), stored]);
  queue.add([file("a.jpg")]);
  const { files } = await until(queue, (state) => state.files[0]?.status === "failed");

  queue.retry(files[0]!.id);
  await until(queue, (state) => state.files[0]?.status === (canRetry ? "stored" : "failed"));

  expect(files[0]?.canRetry).toBe(canRetry);
  expect(server.seen).toHaveLength(canRetry ? 2 : 1);
});

test("the phase of an upload is known until it ends", async () => {
  const { queue } = await queueWith([stored]);
  const phases = new Set<string | undefined>();
  queue.subscribe(() => phases.add(queue.get().files[0]?.phase));

  queue.add([file("a.jpg")]);
  const { files } = await until(queue, (state) => state.files[0]?.status === "stored");

  expect([...phases]).toEqual([undefined, "sending", "finishing"]);
  expect(files[0]?.phase).toBeUndefined();
});

test("a file of a type that the page does not accept fails and is not sent", async () => {
  const { queue, server } = await queueWith([stored], { accept: ["image/png"] });

  queue.add([file("a.jpg"), file("no type", "")]);
  await until(queue, ({ files }) => files[1]?.status === "stored");

  expect(queue.get().files[0]).toMatchObject({ status: "failed", canRetry: false, error: { code: "unsupported_media_type" } });
  expect(server.seen).toHaveLength(1);
});

test("an upload that is taken off the list is cancelled, a stored image stays", async () => {
  const { queue, server } = await queueWith([stored, "silence"]);
  queue.add([file("a.jpg")]);
  await until(queue, ({ files }) => files[0]?.status === "stored");
  queue.add([file("b.jpg")]);
  await until(queue, () => server.seen.length === 2);

  for (const { id } of queue.get().files) queue.remove(id);

  expect(queue.get().files).toEqual([]);
});

test("when the component goes, nothing is sent any more", async () => {
  const { store, server } = await storeWith("silence");
  const queue = createQueue(() => ({ store }));
  const unfollow = follow(queue);
  queue.add(Array.from({ length: 6 }, (_, at) => file(`${at}.jpg`)));
  await until(queue, () => server.seen.length === 5);

  unfollow();
  const { files } = await until(queue, (state) => state.files.every(({ status }) => status === "cancelled"));

  expect(files).toHaveLength(6);
  expect(server.seen).toHaveLength(5);
});

test("an upload that has ended holds no signal any more", async () => {
  const controllers: WeakRef<AbortController>[] = [];
  const Original = AbortController;
  class Followed extends Original {
    constructor() {
      super();
      controllers.push(new WeakRef(this));
    }
  }
  vi.stubGlobal("AbortController", Followed);
  onTestFinished(() => void vi.unstubAllGlobals());
  const { queue } = await queueWith([stored]);
  queue.add([file("a.jpg")]);
  await until(queue, (state) => state.files[0]?.status === "stored");

  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  await vi.waitUntil(() => (collect(), controllers.every((each) => !each.deref())), { timeout: 5000 });

  expect(controllers.length).toBeGreaterThan(0);
  expect(queue.get().files).toHaveLength(1);
});
