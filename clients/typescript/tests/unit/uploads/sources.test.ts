import { describe, expect, test } from "vitest";
import { readSource, sizeOf, type Picture, type UploadSource } from "../../../src/uploads/sources";
import { JPEG, withSize } from "./pictures";

const read = async (source: UploadSource) => (await readSource(source, undefined)) as Picture;
const streamOf = (...chunks: Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const chunk = chunks.shift();
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  });
const base64 = Buffer.from(JPEG).toString("base64");

describe("every source gives the same picture", () => {
  test.each<[string, UploadSource]>([
    ["a Blob", new Blob([JPEG])],
    ["a Uint8Array", JPEG],
    ["a part of a larger buffer", new Uint8Array([0, ...JPEG, 0]).subarray(1, JPEG.length + 1)],
    ["a Buffer", Buffer.from(JPEG)],
    ["an ArrayBuffer", JPEG.buffer],
    ["a stream", streamOf(JPEG.slice(0, 3), JPEG.slice(3))],
    ["base64", { base64 }],
    ["base64 in lines", { base64: base64.replace(/.{8}/g, "$&\n") }],
    ["a data URI", { data_uri: `data:image/jpeg;base64,${base64}` }],
    ["a data URI without its padding", { data_uri: `data:image/jpeg;base64,${base64.replace(/=+$/, "")}` }],
    ["an escaped data URI", { data_uri: `data:,${[...JPEG].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("")}` }],
  ])("%s", async (_, source) => {
    const picture = await read(source);

    expect(new Uint8Array(picture.bytes as Uint8Array)).toEqual(JPEG);
    expect(picture).toMatchObject({ size: JPEG.length, contentType: "image/jpeg", filename: undefined });
  });
});

test("a file keeps its name, and its bytes decide its type", async () => {
  const picture = await read(new File([JPEG], "cat.png", { type: "image/png" }));

  expect(picture).toMatchObject({ filename: "cat.png", contentType: "image/jpeg" });
});

test("a large file is not read into memory", async () => {
  const file = new File([withSize(4_000_001)], "large.jpg");

  const picture = await read(file);

  expect(picture.bytes).toBe(file);
});

test.each<[string, UploadSource]>([
  ["a URL", new URL("https://example.com/cat.jpg")],
  ["a URL as text", { url: "https://example.com/cat.jpg" }],
])("%s is left to the store", async (_, source) => {
  expect(await readSource(source, undefined)).toEqual(new URL("https://example.com/cat.jpg"));
});

function lockedStream() {
  const stream = streamOf(JPEG);
  stream.getReader();
  return stream;
}

describe("a source that cannot be uploaded is refused with its reason", () => {
  test.each<[string, unknown, string]>([
    ["a plain text", "https://example.com/cat.jpg", "unsupported_source: Upload a Blob, File"],
    ["nothing", undefined, "unsupported_source: Upload a Blob, File"],
    ["another object", { path: "cat.jpg" }, "unsupported_source: Upload a Blob, File"],
    ["an empty file", new File([], "empty.jpg"), "invalid_request: empty.jpg is empty."],
    ["an empty stream", streamOf(), "invalid_request: The source is empty."],
    ["a PDF", new File(["%PDF-1.7"], "cat.jpg"), "unsupported_media_type: cat.jpg is a PDF."],
    ["broken base64", { base64: "not base64!" }, "invalid_request: The base64 text is broken."],
    ["a data URI as base64", { base64: `data:image/jpeg;base64,${base64}` }, "Send a data URI as { data_uri }."],
    ["no data URI", { data_uri: base64 }, "invalid_request: A data URI begins like"],
    ["half a URL", { url: "cat.jpg" }, "invalid_request: This is not a complete URL: cat.jpg"],
    ["a stream that somebody reads", lockedStream(), "unsupported_source: The stream is being read already."],
    ["a stream of texts", new ReadableStream({ pull: (to) => to.enqueue("text") }), "unsupported_source: The stream cannot be read."],
    ["a large stream", streamOf(JPEG, withSize(4_000_000)), "unsupported_source: A stream has at most 4 MB"],
    ["a file over 100 MiB", new Blob(Array(11).fill(withSize(10 * 1024 * 1024))), "payload_too_large: The source is too large"],
  ])("%s", async (_, source, message) => {
    await expect(read(source as UploadSource)).rejects.toThrow(message);
  });
});

test("an abort cancels a stream that does not answer", async () => {
  const controller = new AbortController();
  let reason: unknown;
  const stream = new ReadableStream<Uint8Array>({
    pull: () => new Promise(() => undefined),
    cancel: (given) => void (reason = given),
  });
  const reading = readSource(stream, controller.signal);

  controller.abort(new Error("enough"));

  await expect(reading).rejects.toThrow("enough");
  expect(reason).toEqual(new Error("enough"));
});

test("a size is known before bytes are read", () => {
  const sources = [new Blob([JPEG]), JPEG, JPEG.buffer, streamOf(JPEG), new URL("https://example.com"), { base64 }, undefined];

  const sizes = sources.map((source) => sizeOf(source as UploadSource));

  expect(sizes).toEqual([JPEG.length, JPEG.length, JPEG.length, 0, 0, 0, 0]);
});
