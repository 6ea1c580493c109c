import { beforeEach, describe, expect, test, vi } from "vitest";
import { createTransport } from "../../../src/http/transport";
import { createUploads, type UploadProgress, type UploadSource } from "../../../src/uploads";
import { startStore, type Fault, type SeenRequest } from "./fake-store";
import { JPEG, withSize } from "./pictures";

const uploadsOf = (url: string) => createUploads(createTransport({ url, key: "isk_1" }));

/** The parts of the form in a request. */
async function formIn({ headers, body }: SeenRequest): Promise<{ file: File; attributes: unknown }> {
  const form = await new Response(new Uint8Array(body), { headers: { "Content-Type": headers["content-type"]! } }).formData();
  return { file: form.get("file") as File, attributes: JSON.parse(form.get("attributes") as string) };
}

beforeEach(() => {
  vi.spyOn(Math, "random").mockReturnValue(0);
});

test("a small picture goes with its attributes in one request", async () => {
  const store = await startStore();
  const attributes = { title: "Cat", tags: ["a"], groups: { trip: ["1"] }, metadata: { order: 17 } };

  const image = await uploadsOf(store.url).upload(new File([JPEG], "cat.png"), attributes, { onDuplicate: "reject" });

  expect(image.id).toBe("image-1");
  expect(store.steps()).toEqual(["create"]);
  const { file, attributes: sent } = await formIn(store.seen[0]!);
  expect([file.name, file.type, file.size]).toEqual(["cat.png", "image/jpeg", JPEG.length]);
  expect(sent).toEqual({ ...attributes, on_duplicate: "reject" });
  expect(store.seen[0]!.headers).toMatchObject({ authorization: "Bearer isk_1", "idempotency-key": expect.any(String) });
});

test.each<[string, Fault[], boolean]>([
  ["is new", [undefined], false],
  ["is new after a lost answer", ["cut after"], false],
  ["existed", [{ status: 200, text: '{"id":"image-0"}' }], true],
])("the result says that an image %s", async (_, create, existed) => {
  const store = await startStore({ create });

  const { successful } = await uploadsOf(store.url).uploadMany([JPEG], {}, { onDuplicate: "return_existing" });

  expect(successful.map(({ image }) => image.existed)).toEqual([existed]);
});

test("bytes without a name are sent without a name", async () => {
  const store = await startStore();

  await uploadsOf(store.url).upload(JPEG);

  expect(store.seen[0]!.body.toString("latin1")).not.toMatch(/filename="[^"]/);
});

test("4 MB still go in one request", async () => {
  const store = await startStore();

  await uploadsOf(store.url).upload(withSize(4_000_000));

  expect(store.steps()).toEqual(["create"]);
});

test("the store fetches a URL", async () => {
  const store = await startStore();
  const seen: UploadProgress[] = [];

  await uploadsOf(store.url).upload(new URL("https://example.com/cat.jpg"), { title: "Cat" }, { onProgress: (one) => seen.push(one) });

  expect(JSON.parse(store.seen[0]!.body.toString())).toEqual({ title: "Cat", source: { url: "https://example.com/cat.jpg" } });
  expect(seen).toEqual([{ phase: "finishing", loaded: 0, total: 0 }]);
});

describe("a failure on the way leads to one image under one key", () => {
  test.each<[string, Fault]>([
    ["the request is lost", "cut before"],
    ["the answer is lost", "cut after"],
    ["the store is busy", { status: 503, code: "storage_unavailable", headers: { "Retry-After": "0" } }],
    ["the first request still runs", { status: 409, code: "idempotency_in_progress", headers: { "Retry-After": "0" } }],
  ])("%s", async (_, fault) => {
    const store = await startStore({ create: [fault, fault] });

    await uploadsOf(store.url).upload(JPEG);

    expect(store.images.size).toBe(1);
    expect(new Set(store.seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    expect(store.seen).toHaveLength(3);
  });
});

test.each<[string, UploadSource, string]>([
  ["a PDF", new File(["%PDF-1.7"], "cat.jpg", { type: "image/jpeg" }), "unsupported_media_type"],
  ["an empty file", new File([], "cat.jpg"), "invalid_request"],
])("nothing is sent of %s", async (_, source, code) => {
  const store = await startStore();

  const uploading = uploadsOf(store.url).upload(source);

  await expect(uploading).rejects.toMatchObject({ code });
  expect(store.seen).toEqual([]);
});

test("an abort ends the request", async () => {
  const store = await startStore({ create: ["silence"] });
  const controller = new AbortController();
  const onProgress = () => setTimeout(() => controller.abort(new Error("enough")));

  const uploading = uploadsOf(store.url).upload(JPEG, {}, { signal: controller.signal, onProgress });

  await expect(uploading).rejects.toThrow("enough");
  expect(store.images.size).toBe(0);
});

test("an upload that was aborted before it began sends nothing", async () => {
  const store = await startStore();

  const uploading = uploadsOf(store.url).upload(JPEG, {}, { signal: AbortSignal.abort(new Error("enough")) });

  await expect(uploading).rejects.toThrow("enough");
  expect(store.seen).toEqual([]);
});

describe("what onProgress throws is thrown by the upload, and nothing is sent again", () => {
  test.each([
    ["sending", 0],
    ["finishing", 1],
  ])("while it is %s", async (phase, requests) => {
    const store = await startStore();
    const onProgress = (progress: UploadProgress) => {
      if (progress.phase === phase) throw new RangeError("A mistake of the page");
    };

    const uploading = createUploads(createTransport({ url: store.url, key: "isk_1" })).upload(JPEG, {}, { onProgress });

    await expect(uploading).rejects.toThrow(RangeError);
    expect(store.seen.length).toBe(requests);
  });
});

test("an abort inside onProgress sends nothing, and nothing fails unseen", async () => {
  const store = await startStore();
  const controller = new AbortController();
  const failures: unknown[] = [];
  const note = (reason: unknown) => void failures.push(reason);
  process.on("unhandledRejection", note);

  const uploading = uploadsOf(store.url).upload(JPEG, {}, {
    signal: controller.signal,
    onProgress: () => controller.abort(new Error("enough")),
  });

  await expect(uploading).rejects.toThrow("enough");
  await new Promise((resolve) => setTimeout(resolve));
  process.off("unhandledRejection", note);
  expect(failures).toEqual([]);
  expect(store.seen).toEqual([]);
});
