import { createHash } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { sha256Of } from "../../../src/uploads/sha256";

const MIB = 1024 * 1024;
const quiet = { onRead: () => undefined, signal: undefined };

function filled(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).map((_, index) => index % 251);
}

const hexOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("the checksum equals that of Node", () => {
  test.each([
    ["nothing", 0],
    ["a small file", 1000],
    ["the largest file that Web Crypto hashes", 8 * MIB],
    ["a file that is hashed in parts", 8 * MIB + 1],
    ["a last part that is not full", 9 * MIB + 17],
  ])("%s", async (_, size) => {
    const bytes = filled(size);

    const digests = await Promise.all([sha256Of(bytes, quiet), sha256Of(new Blob([bytes]), quiet)]);

    expect(digests).toEqual([hexOf(bytes), hexOf(bytes)]);
  });
});

test("a page without https hashes in parts", async () => {
  vi.stubGlobal("crypto", {});

  const digest = await sha256Of(filled(1000), quiet);

  expect(digest).toBe(hexOf(filled(1000)));
});

test("only a part of a large file is in memory at a time, and other tasks run between the parts", async () => {
  const bytes = filled(10 * MIB);
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), 0);
  const read: number[] = [];

  await sha256Of(bytes, { onRead: (loaded) => read.push(loaded), signal: undefined });
  clearInterval(timer);

  expect(read).toEqual(Array.from({ length: 10 }, (_, index) => (index + 1) * MIB));
  expect(ticks).toBeGreaterThan(1);
});

test("an abort ends the hashing after the current part", async () => {
  const controller = new AbortController();
  const read: number[] = [];
  const hashing = sha256Of(filled(10 * MIB), {
    signal: controller.signal,
    onRead: (loaded) => {
      read.push(loaded);
      controller.abort(new Error("enough"));
    },
  });

  await expect(hashing).rejects.toThrow("enough");
  expect(read).toEqual([MIB]);
});
