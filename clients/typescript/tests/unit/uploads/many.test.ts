import { describe, expect, test } from "vitest";
import { ImageStoreError } from "../../../src/http/errors";
import { createTransport } from "../../../src/http/transport";
import { createUploads, type UploadManyProgress, type ImageOfUpload, type Uploads } from "../../../src/uploads";
import { uploadEach } from "../../../src/uploads/many";
import { startStore } from "./fake-store";
import { JPEG } from "./pictures";

const pictures = (count: number) => Array.from({ length: count }, (_, index) => new File([JPEG], `${index}.jpg`));

/** An upload that ends when the test says so. */
function gate() {
  const running: { end: () => void }[] = [];
  let most = 0;
  const upload: Uploads["upload"] = (source) =>
    new Promise((resolve) => {
      const one = {
        end: () => {
          running.splice(running.indexOf(one), 1);
          resolve({ id: (source as File).name } as ImageOfUpload);
        },
      };
      running.push(one);
      most = Math.max(most, running.length);
    });
  return { upload, running, most: () => most };
}

test("each result has the index of its source, and a failure stops no other", async () => {
  const store = await startStore();
  const sources = [...pictures(2), new File(["%PDF-1.7"], "2.pdf"), ...pictures(1)];

  const result = await createUploads(createTransport({ url: store.url, key: "isk_1" })).uploadMany(sources, { title: "All" });

  expect(result.successful.map(({ index }) => index)).toEqual([0, 1, 3]);
  expect(result.failed.map(({ index, error }) => [index, error.code, error.status])).toEqual([[2, "unsupported_media_type", 415]]);
  expect(store.images.size).toBe(3);
  expect(store.seen.every(({ body }) => body.includes('{"title":"All"}'))).toBe(true);
});

test("results stay in the order of the sources when later ones end first", async () => {
  const { upload, running } = gate();
  const uploading = uploadEach(upload, pictures(3), undefined);
  while (running.length > 0) running.at(-1)!.end();

  const { successful } = await uploading;

  expect(successful.map(({ image }) => image.id)).toEqual(["0.jpg", "1.jpg", "2.jpg"]);
});

describe("as many run at a time as the caller says", () => {
  test.each([
    [undefined, 5],
    [2, 2],
    [0, 1],
  ])("%s", async (concurrency, expected) => {
    const { upload, running, most } = gate();
    const uploading = uploadEach(upload, pictures(7), undefined, { concurrency });
    const end = setInterval(() => running[0]?.end());

    await uploading;
    clearInterval(end);

    expect(most()).toBe(expected);
  });
});

test("no source is no upload", async () => {
  expect(await uploadEach(gate().upload, [], undefined)).toEqual({ successful: [], failed: [] });
});

test("progress counts all bytes and shows each upload", async () => {
  const store = await startStore();
  const seen: UploadManyProgress[] = [];
  const sources = [...pictures(1), new File(["%PDF-1.7"], "1.pdf"), new URL("https://example.com/2.jpg")];

  await createUploads(createTransport({ url: store.url, key: "isk_1" })).uploadMany(sources, {}, {
    concurrency: 1,
    onProgress: (progress) => seen.push(progress),
  });

  const size = JPEG.length;
  const [first, last] = [seen[0]!, seen.at(-1)!];
  expect(first).toEqual({
    loaded: 0,
    total: size + 8,
    uploads: [
      { phase: "sending", loaded: 0, total: size },
      { phase: "waiting", loaded: 0, total: 8 },
      { phase: "waiting", loaded: 0, total: 0 },
    ],
  });
  expect(last).toEqual({
    loaded: size + 8,
    total: size + 8,
    uploads: [
      { phase: "stored", loaded: size, total: size },
      { phase: "failed", loaded: 8, total: 8 },
      { phase: "stored", loaded: 0, total: 0 },
    ],
  });
  const loaded = seen.map((progress) => progress.loaded);
  expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
});

test("an abort ends the running uploads and begins no other", async () => {
  const store = await startStore({ create: [undefined, "silence"] });
  const controller = new AbortController();
  const onProgress = ({ uploads }: UploadManyProgress) => {
    if (uploads[1]!.phase === "sending") setTimeout(() => controller.abort(new Error("enough")));
  };

  const uploading = createUploads(createTransport({ url: store.url, key: "isk_1" })).uploadMany(pictures(4), {}, {
    concurrency: 1,
    signal: controller.signal,
    onProgress,
  });

  await expect(uploading).rejects.toThrow("enough");
  expect(store.images.size).toBe(1);
  expect(store.seen.length).toBeLessThanOrEqual(2);
});

test("an error that is not of the store ends all uploads", async () => {
  let begun = 0;
  const upload: Uploads["upload"] = async () => {
    begun += 1;
    throw begun === 1 ? new ImageStoreError("quota_exceeded", "Enough.") : new TypeError("A mistake of the caller");
  };

  const uploading = uploadEach(upload, pictures(10), undefined, { concurrency: 1 });

  await expect(uploading).rejects.toThrow("A mistake of the caller");
  expect(begun).toBe(2);
});

test("an error that is not of the store also ends the uploads that run", async () => {
  const reasons: unknown[] = [];
  const upload: Uploads["upload"] = (source, _, { signal } = {}) => {
    if ((source as File).name === "1.jpg") return Promise.reject(new TypeError("A mistake of the caller"));
    return new Promise((_, reject) => signal!.addEventListener("abort", () => (reasons.push(signal!.reason), reject(signal!.reason))));
  };

  const uploading = uploadEach(upload, pictures(3), undefined);

  await expect(uploading).rejects.toThrow("A mistake of the caller");
  expect(reasons).toEqual(Array(2).fill(new TypeError("A mistake of the caller")));
});

test("a stream that breaks stops no other upload", async () => {
  const store = await startStore();
  const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("The disk is gone")) });

  const result = await createUploads(createTransport({ url: store.url, key: "isk_1" })).uploadMany([JPEG, broken, JPEG]);

  expect(result.successful.map(({ index }) => index)).toEqual([0, 2]);
  expect(result.failed).toMatchObject([{ index: 1, error: { code: "unsupported_source", cause: { message: "The disk is gone" } } }]);
});
