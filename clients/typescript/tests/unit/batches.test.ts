import { describe, expect, test } from "vitest";
import { createBatches, type BatchResult } from "../../src/batches/index";
import { startServer } from "../server";

const late = { code: "deadline_exceeded" };
const result = (successful: string[], failed: { id: string; error: { code: string } }[] = []) => ({
  status: 200,
  json: { successful, failed },
});
const idsOf = ({ body }: { body: string }) => (JSON.parse(body) as { ids: string[] }).ids;

describe("batches", () => {
  test("a hundred ids go into one request, each once and with the same changes", async () => {
    const server = await startServer(result(["1"]));
    const ids = Array.from({ length: 201 }, (_, number) => String(number));
    const parts: BatchResult[] = [];

    const changed = await createBatches({ url: server.url, key: "isk_1" }).update(
      [...ids, "0"],
      { add_tags: ["a"], category: null },
      { onProgress: (part) => parts.push(part) },
    );

    expect(server.seen.map((request) => idsOf(request).length)).toEqual([100, 100, 1]);
    expect(JSON.parse(server.seen[2]!.body)).toEqual({ ids: ["200"], add_tags: ["a"], category: null });
    expect([changed.successful.length, parts.length]).toEqual([3, 3]);
  });

  test("images that were not reached in time are sent again", async () => {
    const server = await startServer(result(["1"], [{ id: "2", error: late }]), result(["2"]));

    const restored = await createBatches({ url: server.url, key: "isk_1" }).restore(["1", "2"]);

    expect(server.seen.map(idsOf)).toEqual([["1", "2"], ["2"]]);
    expect(restored).toEqual({ successful: ["1", "2"], failed: [] });
  });

  test("a store that reaches no image at all is not asked for ever", async () => {
    const server = await startServer(result([], [{ id: "1", error: late }]));

    const restored = await createBatches({ url: server.url, key: "isk_1" }).restore(["1"]);

    expect(server.seen.length).toBe(1);
    expect(restored.failed).toEqual([{ id: "1", error: late }]);
  });
});
