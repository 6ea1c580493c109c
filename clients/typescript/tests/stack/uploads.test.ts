import { randomUUID } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { createImageStore, type UploadProgress, type UploadSource } from "../../src/index";
import { startProxy, type Fault, type Step } from "./faulty-proxy";
import { noise } from "./pictures";
import { apiUrl, largePicture, ownerToken } from "./stack";

vi.setConfig({ testTimeout: 60_000 }); // a function that is called for the first time starts slowly

const SMALL = noise(40, 30);
const LARGE = largePicture();
const QUEUED = noise(2800, 2500); // over 20 MB, so the store completes it behind a queue

const store = createImageStore({ url: apiUrl, token: ownerToken });

/** A group for the images of one test, and the ids of those that are in it. */
function newGroup() {
  const id = randomUUID();
  const cards = () => store.images.list({ group: `test:${id}` }).toArray({ limit: 100 });
  return { groups: { test: [id] }, ids: async () => (await cards()).map((card) => card.id).sort() };
}

describe("whatever fails on the way, there is one image", () => {
  const busy = { status: 503, headers: { "Retry-After": "0" } };
  const limited = { status: 429, headers: { "Retry-After": "0" } };

  test.each<[string, UploadSource, Partial<Record<Step, Fault[]>>]>([
    ["a request that is cut in the middle", SMALL, { create: ["cut in the middle"] }],
    ["a request whose answer is lost", SMALL, { create: ["answer lost"] }],
    ["a gateway that is busy", SMALL, { create: [busy, limited] }],
    ["a reservation whose answer is lost", LARGE, { reserve: ["answer lost"] }],
    ["bytes that are cut in the middle, twice", LARGE, { put: ["cut in the middle", "cut in the middle"] }],
    ["bytes whose answer is lost", LARGE, { put: ["answer lost"] }],
    ["a storage that is busy", LARGE, { put: [limited, busy] }],
    ["a link that has expired", LARGE, { put: [{ status: 403 }] }],
    ["a completion whose answer is lost", LARGE, { complete: ["answer lost"] }],
    ["a completion that does not arrive", LARGE, { complete: ["cut in the middle", busy] }],
  ])("%s", async (_, source, faults) => {
    const proxy = await startProxy(apiUrl, faults);
    const { groups, ids } = newGroup();

    const image = await createImageStore({ url: proxy.url, token: ownerToken }).upload(source, { groups });

    expect(image.status).toBe("ready");
    expect(await ids()).toEqual([image.id]);
    const failures = Object.values(faults).flat().length;
    expect(proxy.steps.length).toBeGreaterThan(failures);
  });

  test("a request that arrives after its time, and then again", async () => {
    const proxy = await startProxy(apiUrl, { create: [{ delayMs: 3_000 }] });
    const { groups, ids } = newGroup();

    const late = createImageStore({ url: proxy.url, token: ownerToken, timeoutSeconds: 2 });
    const image = await late.upload(SMALL, { groups });
    await proxy.isIdle();

    expect(await ids()).toEqual([image.id]);
    expect(proxy.steps.length).toBeGreaterThan(1);
  });
});

test("a very large image is finished behind a queue and awaited", async () => {
  const seen: UploadProgress[] = [];

  const image = await store.upload(QUEUED, {}, { onProgress: (progress) => seen.push(progress) });

  expect(image).toMatchObject({ status: "ready", width: 2800, height: 2500, size_bytes: QUEUED.length });
  expect(new Set(seen.map(({ phase }) => phase))).toEqual(new Set(["hashing", "sending", "finishing"]));
});

test("many images arrive through a bad network, each once", async () => {
  const faults: Fault[] = ["answer lost", undefined, "cut in the middle", { status: 503, headers: { "Retry-After": "0" } }];
  const proxy = await startProxy(apiUrl, { create: faults });
  const { groups, ids } = newGroup();
  const sources = [noise(40, 30), new Blob(["%PDF-1.7"]), ...Array.from({ length: 6 }, () => noise(40, 30))];

  const { successful, failed } = await createImageStore({ url: proxy.url, token: ownerToken }).uploadMany(sources, { groups });

  expect(failed.map(({ index, error }) => [index, error.code])).toEqual([[1, "unsupported_media_type"]]);
  expect(successful.map(({ index }) => index)).toEqual([0, 2, 3, 4, 5, 6, 7]);
  expect(await ids()).toEqual(successful.map(({ image }) => image.id).sort());
});

describe("an abort leaves no image", () => {
  test.each<[string, UploadSource, Step]>([
    ["while a small file is sent", SMALL, "create"],
    ["while the bytes go to the storage", LARGE, "put"],
  ])("%s", async (_, source, step) => {
    const proxy = await startProxy(apiUrl, { [step]: ["silence"] });
    const { groups, ids } = newGroup();
    const controller = new AbortController();
    proxy.onStep = (begun) => begun === step && controller.abort(new Error("enough"));

    const uploading = createImageStore({ url: proxy.url, token: ownerToken }).upload(
      source,
      { groups },
      { signal: controller.signal },
    );

    await expect(uploading).rejects.toThrow("enough");
    expect(await ids()).toEqual([]);
  });
});

test("the same bytes are stored once if the caller says so", async () => {
  const bytes = noise(40, 30);
  const first = await store.upload(bytes);

  const again = await store.upload(bytes, {}, { onDuplicate: "return_existing" });
  const rejected = store.upload(bytes, {}, { onDuplicate: "reject" });

  expect(again.id).toBe(first.id);
  expect([first.existed, again.existed]).toEqual([false, true]);
  await expect(rejected).rejects.toMatchObject({ code: "duplicate_image", status: 409, existingId: first.id });
});

test("an upload token uploads in both ways, without the names of files, until it is used up", async () => {
  const { token } = await store.uploadTokens.create({ expires_in: 600, max_images: 2, may_set: ["title"] });
  const page = createImageStore({ url: apiUrl, uploadToken: token });

  const small = await page.upload(new File([SMALL], "small.png"), { title: "Small" });
  const large = await page.upload(new File([LARGE], "large.png"), { title: "Large" });

  expect([small.title, large.title]).toEqual(["Small", "Large"]);
  await expect(page.upload(LARGE)).rejects.toMatchObject({ code: "upload_token_used_up", status: 403 });
  const asking = page.upload(SMALL, {}, { onDuplicate: "return_existing" });
  await expect(asking).rejects.toMatchObject({ code: "upload_not_allowed", status: 403 });
});
