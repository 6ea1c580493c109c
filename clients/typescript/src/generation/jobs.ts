import type { GenerationRequest, Job, JobSummary } from "../api/types";
import { call } from "../http/calls";
import { randomKey } from "../http/idempotency-keys";
import type { SignalOption, Transport } from "../http/transport";
import { listOf, type FiltersOf, type Pages } from "../images/pages";

/** A job that has ended. `failed` and `partial` are ends too: look at `items[].error`. */
export type FinishedJob = Job & { status: "succeeded" | "partial" | "failed" | "cancelled" };

export interface CreateJobOptions extends SignalOption {
  /** Equal requests with the same key are one job. Default: a random key, so that the client may repeat the request. */
  idempotencyKey?: string | undefined;
}

export interface GenerateOptions extends CreateJobOptions {
  /** Called with the job when it begins and whenever it changes. */
  onProgress?: ((job: Job) => void) | undefined;
}

/** Jobs that make images. */
export interface Jobs {
  /** Begins a job. A text is the prompt of one image. */
  create(request: GenerationRequest | string, options?: CreateJobOptions): Promise<Job>;
  /** Returns a job as it is now. */
  get(id: string, options?: SignalOption): Promise<Job>;
  /** Lists jobs, the newest first. `limit` is the size of a page. */
  list(filters?: FiltersOf<"/v1/generations">, options?: SignalOption): Pages<JobSummary>;
  /** Yields the job as it is now, then whenever it has changed, until it has ended. An abort does not cancel it. */
  watch(id: string, options?: SignalOption): AsyncIterable<Job>;
  /** Makes the failed images of a job again. */
  retry(id: string, options?: SignalOption): Promise<Job>;
  /** Cancels images that have not begun; finished images stay. */
  cancel(id: string, options?: SignalOption): Promise<Job>;
}

export function createJobs(transport: Transport): Jobs {
  function get(id: string, options?: SignalOption): Promise<Job> {
    return call(transport, "GET", "/v1/generations/{job_id}", { path: { job_id: id }, ...options });
  }

  async function* watch(id: string, options?: SignalOption): AsyncGenerator<Job> {
    const { watchJob } = await import("./watch"); // only pages that generate need it
    yield* watchJob(transport, () => get(id, options), options);
  }

  return {
    create: (request, { idempotencyKey = randomKey(), signal } = {}) =>
      call(transport, "POST", "/v1/generations", {
        json: typeof request === "string" ? { items: [{ prompt: request }] } : request,
        idempotencyKey,
        signal,
      }),
    get,
    list: (query, options) => listOf(transport, "/v1/generations", { query, ...options }),
    watch,
    retry: (id, options) =>
      call(transport, "POST", "/v1/generations/{job_id}/retry", { path: { job_id: id }, ...options }),
    cancel: (id, options) =>
      call(transport, "DELETE", "/v1/generations/{job_id}", { path: { job_id: id }, ...options }),
  };
}

/** Begins a job, watches it to its end and returns it. */
export async function generate(
  jobs: Jobs,
  request: GenerationRequest | string,
  { onProgress, ...options }: GenerateOptions = {},
): Promise<FinishedJob> {
  let job = await jobs.create(request, options);
  for await (job of jobs.watch(job.id, { signal: options.signal })) onProgress?.(job);
  return job as FinishedJob; // the last job that a watch yields
}
