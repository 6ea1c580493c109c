import { createHash } from "node:crypto";
import { mkdtempSync, openAsBlob, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { Bytes } from "../../../src/uploads/bytes";
import { sha256Of } from "../../../src/uploads/sha256";

const MIB = 1024 * 1024;
const quiet = { onRead: () => undefined, signal: undefined };

function filled(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).map((_, index) => index % 251);
}

const hexOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A Blob of a browser that reads streams only into buffers of its own. */
function withoutBuffers(blob: Blob): Blob {
  return Object.assign(blob, { stream: () => new ReadableStream() });
}

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

test.each<[string, (bytes: Uint8Array<ArrayBuffer>) => Bytes]>([
  ["a Blob", (bytes) => new Blob([bytes])],
  ["a Blob that cannot be read into a buffer", (bytes) => withoutBuffers(new Blob([bytes]))],
  ["bytes in memory", (bytes) => bytes],
])("%s is read in parts, and other tasks run between them", async (_, sourceOf) => {
  const bytes = filled(10 * MIB);
  const parts: number[] = [];
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1));
  let before = 0;

  const digest = await sha256Of(sourceOf(bytes), {
    onRead: (loaded) => {
      parts.push(loaded - before);
      before = loaded;
    },
    signal: undefined,
  });
  clearInterval(timer);

  expect(digest).toBe(hexOf(bytes));
  expect(before).toBe(10 * MIB);
  expect(Math.max(...parts)).toBeLessThanOrEqual(MIB);
  expect(ticks).toBeGreaterThan(1);
});

test("a file that was removed meanwhile is no source", async () => {
  const folder = mkdtempSync(join(tmpdir(), "uploads-"));
  const path = join(folder, "file");
  writeFileSync(path, filled(9 * MIB));
  const file = await openAsBlob(path);
  rmSync(folder, { recursive: true });

  await expect(sha256Of(file, quiet)).rejects.toMatchObject({ code: "source_changed" });
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
  expect(read).toHaveLength(1);
});
