import { createHash } from "node:crypto";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { createTransport } from "../../../src/http/transport";
import { createUploads, type UploadProgress } from "../../../src/uploads";
import { startStore, type Fault, type Step } from "./fake-store";
import { LARGE_BYTES, withSize } from "./pictures";

const PICTURE = withSize(LARGE_BYTES);

const uploadsOf = (url: string) => createUploads(createTransport({ url, key: "isk_1" }));

beforeEach(() => {
  vi.spyOn(Math, "random").mockReturnValue(0); // no wait between two attempts
});

test("a large file is reserved, sent to the link and completed", async () => {
  const store = await startStore();
  const file = new File([PICTURE], "large.jpg");

  const image = await uploadsOf(store.url).upload(file, { title: "Large" }, { onDuplicate: "return_existing" });

  expect(image.id).toBe("upload-1");
  expect(store.steps()).toEqual(["reserve", "put", "complete"]);
  const [reserve, put] = store.seen;
  expect(JSON.parse(reserve!.body.toString())).toEqual({
    filename: "large.jpg",
    title: "Large",
    on_duplicate: "return_existing",
    content_type: "image/jpeg",
    size_bytes: LARGE_BYTES,
    sha256: createHash("sha256").update(PICTURE).digest("hex"),
  });
  expect(put!.headers).toMatchObject({ "if-none-match": "*", "content-length": String(LARGE_BYTES) });
  expect(put!.headers.authorization).toBeUndefined();
  expect(put!.body.equals(PICTURE)).toBe(true);
});

describe("an image existed only if that is certain", () => {
  const existing: Fault = { status: 200, text: '{"id":"image-0"}' };

  test.each<[string, Partial<Record<Step, Fault[]>>, string | undefined, boolean]>([
    ["it is there before anything is sent", { reserve: [existing] }, undefined, true],
    ["it may be of an earlier upload with this key", { reserve: [existing] }, "mine", false],
    ["its bytes may have been sent by this upload", { reserve: [undefined, existing], put: ["cut before"] }, undefined, false],
    ["it is new", {}, undefined, false],
  ])("%s", async (_, faults, idempotencyKey, existed) => {
    const store = await startStore(faults);

    const image = await uploadsOf(store.url).upload(PICTURE, {}, { onDuplicate: "return_existing", idempotencyKey });

    expect(image.existed).toBe(existed);
  });
});

describe("a failure on the way leads to one image", () => {
  test.each<[string, Partial<Record<Step, Fault[]>>, Step[]]>([
    ["the first answer is lost", { reserve: ["cut after"] }, ["reserve", "reserve", "put", "complete"]],
    ["the bytes are cut", { put: ["cut before"] }, ["reserve", "put", "complete", "reserve", "put", "complete"]],
    ["the answer to the bytes is lost", { put: ["cut after"] }, ["reserve", "put", "complete"]],
    ["the bytes have arrived before", { put: [{ status: 412 }, undefined] }, ["reserve", "put", "complete", "reserve", "put", "complete"]],
    ["the storage is busy twice", { put: [{ status: 429 }, { status: 503 }] }, ["reserve", "put", "complete", "reserve", "put", "complete", "reserve", "put", "complete"]],
    ["the link has expired", { put: [{ status: 403 }] }, ["reserve", "put", "complete", "reserve", "put", "complete"]],
    ["the reservation has expired", { complete: [{ status: 404, code: "upload_not_found" }] }, ["reserve", "put", "complete", "reserve", "put", "complete"]],
    ["the last answer is lost", { complete: ["cut after"] }, ["reserve", "put", "complete", "complete"]],
    ["the store is busy at the end", { complete: [{ status: 503, code: "storage_unavailable" }] }, ["reserve", "put", "complete", "complete"]],
  ])("%s", async (_, faults, steps) => {
    const store = await startStore(faults);

    const image = await uploadsOf(store.url).upload(PICTURE);

    expect([...store.images]).toEqual([image.id]);
    expect(store.steps()).toEqual(steps);
    const keys = store.seen.filter(({ step }) => step === "reserve").map(({ headers }) => headers["idempotency-key"]);
    expect(new Set(keys).size).toBe(1);
  });
});

test("the same key sends nothing again", async () => {
  const store = await startStore();
  const uploads = uploadsOf(store.url);
  const first = await uploads.upload(PICTURE, {}, { idempotencyKey: "one" });

  const again = await uploads.upload(PICTURE, {}, { idempotencyKey: "one" });

  expect(again.id).toBe(first.id);
  expect(store.steps()).toEqual(["reserve", "put", "complete", "reserve"]);
});

test("two uploads without a key are two images", async () => {
  const store = await startStore();
  const uploads = uploadsOf(store.url);

  await uploads.upload(PICTURE);
  await uploads.upload(PICTURE);

  expect(store.images.size).toBe(2);
});

test("an upload that the store finishes behind a queue is awaited as the store says", async () => {
  const store = await startStore({
    complete: [{ status: 202, text: '{"id": "upload-1", "status": "processing"}', headers: { "Retry-After": "0.01" } }],
  });

  const image = await uploadsOf(store.url).upload(PICTURE);

  expect(image.id).toBe("upload-1");
  expect(store.steps()).toEqual(["reserve", "put", "complete", "complete"]);
});

test("an upload that the store does not finish within ten minutes is pending, and the same key waits on", async () => {
  const processing = { status: 202, text: "{}", headers: { "Retry-After": "0.01" } };
  const store = await startStore({ complete: [processing, processing] });
  const uploads = uploadsOf(store.url);
  let minutes = 0;
  const clock = vi.spyOn(Date, "now").mockImplementation(() => (minutes += 6) * 60_000);

  const error = await uploads.upload(PICTURE, {}, { idempotencyKey: "one" }).catch((reason: unknown) => reason);
  clock.mockRestore();
  const image = await uploads.upload(PICTURE, {}, { idempotencyKey: "one" });

  expect(error).toMatchObject({ code: "upload_pending", status: 202 });
  expect(image.id).toBe("upload-1");
  expect(store.images.size).toBe(1);
});

test("a wait that no timer can hold does not become a flood of requests", async () => {
  const forever = { status: 202, text: "{}", headers: { "Retry-After": "99999999999" } };
  const store = await startStore({ complete: Array(1000).fill(forever) });
  const controller = new AbortController();

  const uploading = uploadsOf(store.url).upload(PICTURE, {}, { signal: controller.signal });
  const end = uploading.catch((reason: unknown) => reason);
  await vi.waitFor(() => expect(store.steps()).toContain("complete"), { timeout: 10_000 });
  setTimeout(() => controller.abort(new Error("enough")), 100); // a flood would send many requests by then

  expect(await end).toEqual(new Error("enough"));
  expect(store.steps()).toEqual(["reserve", "put", "complete"]);
});

describe("an upload that cannot succeed ends with the reason", () => {
  test.each<[string, Partial<Record<Step, Fault[]>>, object, number]>([
    ["the store refuses it", { reserve: [{ status: 429, code: "quota_exceeded" }] }, { code: "quota_exceeded" }, 1],
    ["the bytes are no picture", { complete: [{ status: 422, code: "invalid_image" }] }, { code: "invalid_image" }, 3],
    ["the storage refuses twice", { put: Array(2).fill({ status: 403 }) }, { code: "storage_refused", status: 403 }, 6],
    ["the file changed", { put: Array(2).fill({ status: 400, text: "<Error><Code>BadDigest</Code></Error>" }) }, { code: "source_changed", status: undefined }, 6],
    ["the storage stays away", { put: Array(5).fill("cut before") }, { code: "network_error" }, 15],
  ])("%s", async (_, faults, error, requests) => {
    const store = await startStore(faults);

    const uploading = uploadsOf(store.url).upload(PICTURE);

    await expect(uploading).rejects.toMatchObject(error);
    expect(store.steps()).toHaveLength(requests);
    expect(store.images.size).toBe(0);
  });
});

describe("with an upload token that forbids a name", () => {
  const notAllowed = { reserve: [{ status: 403, code: "upload_not_allowed" }] };

  test("the name of the file is left out", async () => {
    const store = await startStore(notAllowed);

    await uploadsOf(store.url).upload(new File([PICTURE], "large.jpg"));

    const announced = store.seen.filter(({ step }) => step === "reserve").map(({ body }) => JSON.parse(body.toString()).filename);
    expect(announced).toEqual(["large.jpg", undefined]);
    expect(store.images.size).toBe(1);
  });

  test("a name that the caller chose is refused", async () => {
    const store = await startStore(notAllowed);

    const uploading = uploadsOf(store.url).upload(new File([PICTURE], "large.jpg"), { filename: "mine.jpg" });

    await expect(uploading).rejects.toMatchObject({ code: "upload_not_allowed" });
  });
});

describe("an abort leaves no image", () => {
  test.each<[UploadProgress["phase"], Partial<Record<Step, Fault[]>>, Step[]]>([
    ["hashing", {}, []],
    ["sending", { put: ["silence"] }, ["reserve"]],
    ["finishing", {}, ["reserve", "put"]],
  ])("while %s", async (phase, faults, steps) => {
    const store = await startStore(faults);
    const controller = new AbortController();
    const onProgress = (progress: UploadProgress) => {
      if (progress.phase === phase) controller.abort(new Error("enough"));
    };

    const uploading = uploadsOf(store.url).upload(PICTURE, {}, { onProgress, signal: controller.signal });

    await expect(uploading).rejects.toThrow("enough");
    expect(store.steps().slice(0, steps.length)).toEqual(steps);
    expect(store.images.size).toBe(0);
  });
});

test("progress names each phase with its bytes", async () => {
  const store = await startStore();
  const seen: UploadProgress[] = [];

  await uploadsOf(store.url).upload(PICTURE, {}, { onProgress: (progress) => seen.push(progress) });

  const total = LARGE_BYTES;
  expect(seen).toEqual([
    { phase: "hashing", loaded: 0, total },
    { phase: "hashing", loaded: total, total },
    { phase: "sending", loaded: 0, total },
    { phase: "finishing", loaded: total, total },
  ]);
});

test("a file that was changed meanwhile ends the upload at once", async () => {
  const store = await startStore({ put: ["cut before"] });
  const file = new File([PICTURE], "large.jpg");
  const uploading = uploadsOf(store.url).upload(file, {}, {
    onProgress: ({ phase }) => {
      if (phase === "sending") file.slice = () => ({ arrayBuffer: () => Promise.reject(new Error("changed")) }) as unknown as Blob;
    },
  });

  await expect(uploading).rejects.toMatchObject({ code: "source_changed" });
  expect(store.steps()).not.toContain("complete");
});
