import { createAdmin, type Admin } from "./administration/admin";
import { createKeys, createUploadTokens, type Keys, type UploadTokens } from "./administration/callers";
import { createProviders, type Providers } from "./administration/providers";
import type { FeedCard, GenerationRequest, Month, Stats } from "./api/types";
import { createShares, share, type ReusableShares, type Share, type ShareOptions, type ShareRequest, type Shares } from "./delivery/shares";
import { eventsOf, type EventFilters, type Events } from "./events/events";
import { createJobs, generate, type FinishedJob, type GenerateOptions, type Jobs } from "./generation/jobs";
import { call, type QueryOf } from "./http/calls";
import type { Credentials } from "./http/credentials";
import { createTransport, type Connection, type SignalOption, type Transport } from "./http/transport";
import { createImages, type FeedFilters, type Images } from "./images/images";
import { listOf, type Pages } from "./images/pages";
import { createUploads, type Uploads } from "./uploads";

/** Where the store is, how to call it, and who calls. */
export type ImageStoreOptions = Connection & Credentials;

/**
 * An image store, as one caller sees it.
 *
 * Every function throws ImageStoreError, or the reason of its signal. It repeats a request by itself where that is safe.
 */
export interface ImageStore extends Uploads {
  /** The address of the API. */
  readonly url: string;
  readonly images: Images;
  readonly shares: Shares;
  readonly jobs: Jobs;
  readonly keys: Keys;
  readonly uploadTokens: UploadTokens;
  readonly providers: Providers;
  readonly admin: Admin;
  /** Lists public images of all owners, the newest first. It needs no credentials. */
  feed(filters?: FeedFilters, options?: SignalOption): Pages<FeedCard>;
  /** Shares one image, a group or all images. The share builds the addresses of its images without a request. */
  share(request: ShareRequest, options?: ShareOptions): Promise<Share>;
  /**
   * Generates images and returns the job when it has ended, also when images failed; a text is the prompt of one image.
   *
   * An abort ends the waiting, not the job: `jobs.cancel` cancels it.
   */
  generate(request: GenerationRequest | string, options?: GenerateOptions): Promise<FinishedJob>;
  /** Reads what happens, from the oldest event or from `after` or `since` on; it waits for what has not happened yet. */
  events(filters?: EventFilters, options?: SignalOption): Events;
  /** Returns how much is stored and what generation has cost; `scope: "all"` needs an admin. */
  stats(query?: QueryOf<"GET", "/v1/stats">, options?: SignalOption): Promise<Stats>;
  /** Lists the months in which the owner has images, the newest first, with the number of each month and day. */
  timeline(options?: SignalOption): Pages<Month>;
  /** Returns the store as another owner sees it. The caller needs the scope `act-as`. Throws TypeError without an id. */
  as(owner: string): ImageStore;
}

/** Connects to an image store. It sends no request. Throws TypeError for a wrong `url`, and for a missing key, token or owner. */
export function createImageStore(options: ImageStoreOptions): ImageStore {
  return storeOver(createTransport(options), new Map());
}

function storeOver(transport: Transport, reusable: ReusableShares): ImageStore {
  const jobs = createJobs(transport);
  return {
    url: transport.url,
    images: createImages(transport),
    shares: createShares(transport, reusable),
    jobs,
    keys: createKeys(transport),
    uploadTokens: createUploadTokens(transport),
    providers: createProviders(transport),
    admin: createAdmin(transport),
    feed: (query, options) => listOf(transport, "/v1/feed", { query, ...options }),
    share: (request, options) => share(transport, reusable, request, options),
    generate: (request, options) => generate(jobs, request, options),
    events: (filters, options) => eventsOf(transport, filters, options),
    stats: (query, options) => call(transport, "GET", "/v1/stats", { query, ...options }),
    timeline: (options) => listOf(transport, "/v1/timeline", { query: {}, ...options }),
    ...createUploads(transport),
    as: (owner) => storeOver(transport.as(owner), reusable),
  };
}
