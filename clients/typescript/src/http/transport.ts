import { createAuthorizer, type Authorizer, type Credentials } from "./credentials";
import { errorOf, ImageStoreError, networkError, storageError } from "./errors";
import { isInProgress, sleep, waitBefore } from "./retries";
import { stopUnder, unlessAborted } from "./signals";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export type QueryValue = string | number | boolean | readonly string[] | null | undefined;

/** Where the store is and how to call it. */
export interface Connection {
  /** The address of the API, such as `https://images.example.com`. */
  url: string;
  /** The owner to act for. The caller needs the scope `act-as`. */
  owner?: string;
  /** Another `fetch`, for a proxy or a platform. */
  fetch?: typeof fetch | undefined;
  /** How long one attempt may take. Default: 60. */
  timeoutSeconds?: number | undefined;
  /** How often a request is repeated. Default: 4. */
  maxRetries?: number | undefined;
}

export interface SignalOption {
  /** Ends the request, its repetitions and waits; it then throws the reason of the signal. */
  signal?: AbortSignal | undefined;
}

export interface RequestOptions extends SignalOption {
  query?: Record<string, QueryValue> | undefined;
  /** Sent as `application/json`. */
  json?: unknown;
  /** Sent as it is; with `Content-Type` in `headers`. */
  body?: BodyInit | undefined;
  headers?: Record<string, string> | undefined;
  /** Makes a POST repeatable. */
  idempotencyKey?: string | undefined;
  /** Whether a second request does no harm. Default: true, except for a POST without an idempotency key. */
  isRepeatable?: boolean | undefined;
  /** Sends this request in place of the `fetch` of the connection. */
  fetch?: typeof fetch | undefined;
  /** How long one attempt may take, in place of what the connection says. */
  timeoutSeconds?: number | undefined;
  /** How to read the body of the answer. Default: `json`. */
  read?: "json" | "blob" | undefined;
  /** Whether the JSON of an answer with a status of failure is what the caller wants all the same. */
  isAnswer?: ((body: unknown) => boolean) | undefined;
}

/** An answer with a status of success. `data` is undefined if it has no body. */
export interface Answer<T> {
  status: number;
  headers: Headers;
  data: T;
}

/** Sends requests to one store as one caller. */
export interface Transport {
  readonly url: string;
  readonly fetch: typeof fetch;
  /** Whether the caller chose the `fetch`. */
  readonly hasOwnFetch: boolean;
  readonly timeoutSeconds: number;
  readonly maxRetries: number;
  /**
   * Sends a request and returns its answer.
   *
   * Repeats it where that is safe, and once with a new token if the store refused the last one. `path` begins with a slash and is encoded.
   * Throws ImageStoreError, or the reason of the signal.
   */
  request<T>(method: Method, path: string, options?: RequestOptions): Promise<Answer<T>>;
  /** Returns a text that differs for each caller and owner. It holds the token. */
  identity(): Promise<string>;
  /** Returns the same connection for another owner. Throws TypeError without an id. */
  as(owner: string): Transport;
}

const DEFAULT_TIMEOUT_SECONDS = 60;
const DEFAULT_MAX_RETRIES = 4;

/** The most bytes of an answer as JSON. The largest that the API can send is some 6 MB. */
export const MAX_ANSWER_BYTES = 16_000_000;

export function createTransport(options: Connection & Credentials): Transport {
  const url = addressOf(options.url);
  const authorizer = createAuthorizer(options);
  return transportFor("owner" in options ? ownerIn(options.owner) : undefined, { ...options, url }, authorizer);
}

/** Without an id the caller itself would be the owner, and one user would see the images of another. */
function ownerIn(owner: unknown): string {
  if (typeof owner === "string" && owner) return owner;
  throw new TypeError("The owner of the image store is missing.");
}

function transportFor(owner: string | undefined, options: Connection, authorizer: Authorizer): Transport {
  const { url } = options;
  // A browser's fetch must be called on its global object.
  const fetch = options.fetch ?? ((...parameters) => globalThis.fetch(...parameters));
  const timeoutSeconds = options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const maxRetries = options.maxRetries ?? DEFAULT_MAX_RETRIES;

  async function request<T>(method: Method, path: string, request: RequestOptions = {}): Promise<Answer<T>> {
    const isRepeatable = request.isRepeatable ?? (method !== "POST" || request.idempotencyKey !== undefined);
    let waited = 0;
    let mayRenew = authorizer.isRenewable;
    let refusedAt: number | undefined;
    for (let attempt = 1; ; ) {
      const { renewals } = authorizer;
      try {
        return await send<T>(method, path, request, refusedAt);
      } catch (error) {
        if (mayRenew && needsNewToken(error)) {
          mayRenew = false;
          refusedAt = renewals;
          continue;
        }
        refusedAt = undefined;
        const seconds = attempt > maxRetries ? undefined : waitBefore(error, { attempt, waited, isRepeatable });
        if (seconds === undefined) throw error;
        await sleep(seconds, request.signal);
        waited += seconds;
        if (!isInProgress(error)) attempt += 1;
      }
    }
  }

  async function send<T>(method: Method, path: string, request: RequestOptions, refusedAt?: number): Promise<Answer<T>> {
    request.signal?.throwIfAborted();
    const authorization = await unlessAborted(authorizer.header(refusedAt), request.signal);
    const seconds = request.timeoutSeconds ?? timeoutSeconds;
    // What is wrong with the request itself is no failure of the network, so it is found before the attempt.
    const target = url + path + queryOf(request.query);
    const headers = headersOf(request, authorization, owner);
    const body = request.json === undefined ? (request.body ?? null) : JSON.stringify(request.json);
    return withinTime({ url, seconds, signal: request.signal }, async (signal) => {
      const init = { method, headers, body, signal };
      return answerOf<T>(await respond(request.fetch ?? fetch, target, init, request.read), request);
    });
  }

  return {
    url,
    fetch,
    hasOwnFetch: options.fetch !== undefined,
    timeoutSeconds,
    maxRetries,
    request,
    identity: async () => JSON.stringify([await authorizer.header(), owner]),
    as: (other) => transportFor(ownerIn(other), options, authorizer),
  };
}

/** Says whether the store refused the token itself: it has ended, or it allows no more images. */
function needsNewToken(error: unknown): boolean {
  return error instanceof ImageStoreError && (error.status === 401 || error.code === "upload_token_used_up");
}

const OWN_PATHS = /\/(v1|docs|openapi\.json|config\.json)(\/.*)?$/;

function addressOf(text: string): string {
  let address: URL;
  try {
    address = new URL(text);
  } catch (cause) {
    throw new TypeError(`The url of the image store is not an address: ${text}`, { cause });
  }
  if (!/^https?:$/.test(address.protocol)) throw new TypeError(`The url of the image store is not http or https: ${text}`);
  const path = address.pathname.replace(/\/+$/, "");
  // The client adds the paths of the API itself, and the others are pages of the store.
  const own = OWN_PATHS.exec(path);
  if (own) throw new TypeError(`Leave "${own[0]}" out of the url of the image store: ${address.origin}${path.slice(0, own.index)}`);
  return address.origin + path;
}

function queryOf(query: Record<string, QueryValue> = {}): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null) pairs.append(name, String(each));
    }
  }
  const text = pairs.toString();
  return text && `?${text}`;
}

function headersOf(request: RequestOptions, authorization: string | undefined, owner: string | undefined): Headers {
  const headers = new Headers(request.headers);
  if (request.json !== undefined && !headers.has("Content-Type")) headers.set("Content-Type", "application/json");
  if (request.idempotencyKey !== undefined) headers.set("Idempotency-Key", request.idempotencyKey);
  if (authorization !== undefined) headers.set("Authorization", authorization);
  if (owner !== undefined) headers.set("Image-Store-Owner", encodeURIComponent(owner));
  return headers;
}

/**
 * Sends a request. A download follows the redirect to the storage by a request without credentials.
 *
 * A browser does not show where a redirect leads. It follows redirects itself, and takes `Authorization` off on the way
 * to another origin (Fetch standard, HTTP-redirect fetch).
 */
async function respond(
  fetch: Transport["fetch"],
  url: string,
  init: RequestInit & { signal: AbortSignal },
  read: RequestOptions["read"],
): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: "manual" });
  if (read !== "blob") return response;
  const location = response.headers.get("Location");
  let stored: Response;
  if (response.type === "opaqueredirect") {
    stored = await fetch(url, { ...init, redirect: "follow" });
    if (!stored.redirected) return stored; // the API refuses this time
  } else if (response.status === 302 && location !== null) {
    await response.body?.cancel();
    stored = await fetch(storageAddress(location, url) ?? refuse(response), { signal: init.signal });
  } else return response;
  if (stored.ok) return stored;
  throw storageError(stored.status);
}

/** Reads where a redirect leads, or returns undefined. An error of the platform would show the address, a secret. */
function storageAddress(location: string, url: string): string | undefined {
  try {
    const { href } = new URL(location, url);
    return /^https?:\/\/[^@/]*\//.test(href) ? href : undefined; // no other scheme, no credentials
  } catch {
    return undefined;
  }
}

function refuse(response: Response): never {
  throw errorOf(response, undefined);
}

async function answerOf<T>(response: Response, { read, isAnswer }: RequestOptions): Promise<Answer<T>> {
  const { ok, status, headers } = response;
  if (ok && read === "blob") return { status, headers, data: (await response.blob()) as T };
  const text = await textOf(response);
  if (status === 204) return { status, headers, data: undefined as T };
  const data = parsed(text);
  if (ok ? data === undefined : !isAnswer?.(data)) throw errorOf(response, data);
  return { status, headers, data: data as T };
}

export function answerTooLarge(status: number): ImageStoreError {
  return new ImageStoreError("not_an_image_store", "The answer has over 16 MB.", { status });
}

/** Reads the text of an answer. Throws `not_an_image_store` for one that is larger than any of the API. */
export async function textOf(response: Response): Promise<string> {
  if (!response.body) return response.text();
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let size = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > MAX_ANSWER_BYTES) {
      void reader.cancel().catch(() => undefined);
      throw answerTooLarge(response.status);
    }
    text += decoder.decode(value, { stream: true });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Runs one attempt to reach `url` with a time limit; every failure but an abort becomes an ImageStoreError. */
export async function withinTime<T>(
  limits: { url: string; seconds: number; signal: AbortSignal | undefined },
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  limits.signal?.throwIfAborted();
  const stop = stopUnder(limits.signal);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    stop.abort();
  }, limits.seconds * 1000);
  try {
    return await attempt(stop.signal);
  } catch (error) {
    if (limits.signal?.aborted) throw limits.signal.reason;
    if (error instanceof ImageStoreError) throw error;
    if (isLate) throw new ImageStoreError("timeout", `No answer came within ${limits.seconds} s.`, { cause: error });
    throw networkError(limits.url, error);
  } finally {
    clearTimeout(timer);
    stop.release();
  }
}
