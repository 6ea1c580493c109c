import { useMemo } from "react";
import type { GenerationRequest, Job } from "../api/types";
import type { ImageStore } from "../store";
import { statusProps, type Describe } from "./announcements";
import { failureOf, type Failure } from "./failures";
import { createObservable, useLatest, useObservable } from "./observable";
import { useImageStore } from "./provider";

export interface GenerationOptions {
  /** A job that was started before, such as one from the address of the page. */
  jobId?: string | undefined;
  /** Is called once with the id of every image of the job, when it is stored, or was when the watching began. */
  onImage?: ((id: string) => void) | undefined;
  describe?: Describe | undefined;
}

/**
 * Generates images from a prompt or a request, and shows the job as it is now.
 *
 * The store goes on when the component goes; only its watching ends. `jobId` watches such a job again.
 */
export function useGeneration({ jobId, onImage, describe }: GenerationOptions = {}) {
  const store = useImageStore();
  const latest = useLatest(onImage);
  const generation = useMemo(() => createGeneration(store, jobId, (id) => latest.current?.(id)), [store, jobId]);
  const { job, isRunning, error } = useObservable(generation);
  const { total = 0, succeeded = 0, failed = 0, cancelled = 0 } = job?.progress ?? {};
  const { start, cancel, retry } = generation;

  return {
    /** The job; undefined until the store has accepted it. */
    job,
    isRunning,
    /** Why the store refused a request, or why watching failed. What failed inside a job is in `job.items`. */
    error,
    /** The images that are ready. */
    imageIds: imageIdsOf(job),
    /**
     * Starts a job; does nothing while one is running. Its promise never fails. It resolves when the job has ended, and
     * earlier after an `error` or when the component goes.
     */
    start,
    /** Cancels the images of the job that nobody makes yet. */
    cancel,
    /** Makes the failed images of the job again. */
    retry,
    /** For a `<progress>`. Its value is unknown until the store has accepted the job. */
    progressProps: {
      value: job && succeeded + failed + cancelled,
      max: total || 1,
      "aria-label": "Images generated",
    },
    /** For an element that tells screen readers how far the job is, such as `<p>`. */
    statusProps: statusProps({ total, done: succeeded, failed }, describe),
  };
}

const imageIdsOf = (job: Job | undefined) => job?.items.flatMap(({ image_id }) => image_id ?? []) ?? [];

export function createGeneration(store: ImageStore, jobId: string | undefined, onImage: (id: string) => void) {
  const known = new Set<string>();
  let following = new AbortController();
  let mustCancel = false;
  const generation = createObservable(
    { job: undefined as Job | undefined, isRunning: !!jobId, error: undefined as Failure | undefined },
    () => {
      following = new AbortController();
      const { job, isRunning } = generation.get();
      const id = job?.id ?? jobId;
      if (id && isRunning) void watch(id);
      return () => following.abort();
    },
  );

  function show(job: Job) {
    generation.set({ job });
    for (const id of imageIdsOf(job)) {
      // An error of the callback is not one of the job.
      if (!known.has(id)) queueMicrotask(() => onImage(id));
      known.add(id);
    }
  }

  async function run(begin: () => Promise<Job>) {
    generation.set({ isRunning: true, error: undefined });
    try {
      const job = await begin();
      show(job);
      if (mustCancel) await cancel();
      await watch(job.id);
    } catch (error) {
      generation.set({ error: failureOf(error), isRunning: false });
    }
  }

  /** Shows the job until it ends. Without a component that follows it, it stays running. */
  async function watch(id: string) {
    const { signal } = following;
    try {
      for await (const job of store.jobs.watch(id, { signal })) show(job);
    } catch (error) {
      if (!signal.aborted) generation.set({ error: failureOf(error) });
    }
    if (!signal.aborted) generation.set({ isRunning: false });
  }

  async function start(request: GenerationRequest | string) {
    if (generation.get().isRunning) return;
    mustCancel = false;
    generation.set({ job: undefined });
    await run(() => store.jobs.create(request));
  }

  async function cancel() {
    const { job } = generation.get();
    mustCancel = !job; // the store may be about to accept it
    try {
      if (job) show(await store.jobs.cancel(job.id));
    } catch (error) {
      generation.set({ error: failureOf(error) });
    }
  }

  async function retry() {
    const { job, isRunning } = generation.get();
    if (job && !isRunning) await run(() => store.jobs.retry(job.id));
  }

  return { ...generation, start, cancel, retry };
}
