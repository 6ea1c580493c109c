import { expect, onTestFinished, test, vi } from "vitest";
import { createGeneration } from "../../../src/react/generation";
import { problem, type Reply } from "../../server";
import { aMoment, follow, storeWith, until } from "./follow";
import { job } from "./images";

const reply = (...of: Parameters<typeof job>): Reply => ({ status: 200, json: job(...of) });

/** A page of events with the end of the job. */
const news: Reply = {
  status: 200,
  json: { items: [{ type: "generation.finished", data: { generation_id: "job1" } }], next_cursor: "c1", has_more: false },
};

async function generationWith(jobId: string | undefined, ...replies: Reply[]) {
  const { store, server } = await storeWith(...replies);
  const stored: string[] = [];
  return { generation: createGeneration(store, jobId, (id) => stored.push(id)), server, stored };
}

const calls = (seen: readonly { method: string; path: string }[]) =>
  seen.map(({ method, path }) => `${method} ${path.replace("/v1/generations", "").split("?")[0]}`);

test("a job is shown as it is until it has ended, and a second start meanwhile does nothing", async () => {
  const { generation, server } = await generationWith(undefined, reply("queued", 0), reply("running", 1), news, reply("succeeded", 2));
  follow(generation);

  void generation.start("A fox");
  void generation.start("A fox");
  const running = await until(generation, ({ job: shown }) => shown?.status === "running");
  const ended = await until(generation, ({ isRunning }) => !isRunning);

  expect(running.isRunning).toBe(true);
  expect(ended.job?.progress.succeeded).toBe(2);
  expect(calls(server.seen)).toEqual(["POST ", "GET /job1", "GET /v1/events", "GET /job1"]);
  expect(JSON.parse(server.seen[0]!.body)).toEqual({ items: [{ prompt: "A fox" }] });
});

test("every stored image is named once, also when failed ones are made again", async () => {
  const replies = [reply("partial", 1), reply("running", 1), reply("running", 1), news, reply("succeeded", 2)];
  const { generation, stored } = await generationWith("job1", ...replies);
  follow(generation);
  await until(generation, ({ isRunning }) => !isRunning);
  const first = [...stored];

  await generation.retry();

  expect(first).toEqual(["img0"]);
  expect(stored).toEqual(["img0", "img1"]);
});

test("an error of the function that gets the images does not end the watching", async () => {
  const { store } = await storeWith(reply("running", 1), news, reply("succeeded", 2));
  const thrown: unknown[] = [];
  const catchOne = (error: unknown) => thrown.push(error);
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException").on("uncaughtException", catchOne);
  onTestFinished(() => void others.forEach((other) => process.removeListener("uncaughtException", catchOne).on("uncaughtException", other)));
  const generation = createGeneration(store, "job1", (id) => {
    throw new Error(id);
  });
  follow(generation);

  const ended = await until(generation, ({ isRunning }) => !isRunning);

  expect(ended).toMatchObject({ error: undefined, job: { status: "succeeded" } });
  await vi.waitFor(() => expect(thrown).toHaveLength(2));
});

test("a refusal is shown, and a new start may follow", async () => {
  const { generation } = await generationWith(undefined, problem(402, "budget_exceeded"), reply("succeeded", 2));
  follow(generation);
  await generation.start("A fox");
  const refused = generation.get();

  await generation.start("A fox");

  expect(refused).toMatchObject({ isRunning: false, error: { code: "budget_exceeded" } });
  expect(generation.get()).toMatchObject({ isRunning: false, error: undefined, job: { status: "succeeded" } });
});

test("a job is cancelled, also before the store has accepted it", async () => {
  const { generation, server } = await generationWith(undefined, reply("queued", 0), reply("cancelled", 0));
  follow(generation);

  const started = generation.start("A fox");
  await generation.cancel();
  await started;

  expect(calls(server.seen).slice(0, 2)).toEqual(["POST ", "DELETE /job1"]);
  expect(generation.get()).toMatchObject({ isRunning: false, job: { status: "cancelled" } });
});

test("failed images are made again", async () => {
  const { generation, server } = await generationWith("job1", reply("partial", 1), reply("queued", 1), reply("succeeded", 2));
  follow(generation);
  await until(generation, ({ isRunning }) => !isRunning);

  await generation.retry();

  expect(calls(server.seen)).toEqual(["GET /job1", "POST /job1/retry", "GET /job1"]);
  expect(generation.get().job?.status).toBe("succeeded");
});

test("watching ends with the component and begins again with it", async () => {
  const { generation, server } = await generationWith("job1", reply("running", 0), "silence", reply("succeeded", 2));
  const unfollow = follow(generation);
  await vi.waitFor(() => expect(server.seen).toHaveLength(2)); // it waits for an event

  unfollow();
  await aMoment();
  const left = generation.get();
  follow(generation);
  await until(generation, ({ isRunning }) => !isRunning);

  expect(left).toMatchObject({ isRunning: true, error: undefined });
  expect(calls(server.seen)).toEqual(["GET /job1", "GET /v1/events", "GET /job1"]);
});
