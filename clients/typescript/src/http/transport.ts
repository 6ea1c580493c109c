import { authorizationOf, checkCredentials, isRenewable, type Credentials } from "./credentials";
import { errorOf, ImageStoreError, networkError } from "./errors";
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
  /** Returns the same connection for another owner. */
  as(owner: string): Transport;
}

const DEFAULT_TIMEOUT_SECONDS = 60;
const DEFAULT_MAX_RETRIES = 4;

export function createTransport(options: Connection & Credentials): Transport {
  const url = addressOf(options.url);
  checkCredentials(options);
  // Without an id the caller itself would be the owner, and one user would see the images of another.
  if ("owner" in options && !(typeof options.owner === "string" && options.owner)) {
    throw new TypeError("The owner of the image store is missing.");
  }
  // A browser's fetch must be called on its global object.
  const fetch = options.fetch ?? ((...parameters) => globalThis.fetch(...parameters));
  const timeoutSeconds = options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const maxRetries = options.maxRetries ?? DEFAULT_MAX_RETRIES;

  async function request<T>(method: Method, path: string, request: RequestOptions = {}): Promise<Answer<T>> {
    const isRepeatable = request.isRepeatable ?? (method !== "POST" || request.idempotencyKey !== undefined);
    let waited = 0;
    let renewals = isRenewable(options) ? 1 : 0;
    let refresh = false;
    for (let attempt = 1; ; ) {
      try {
        return await send<T>(method, path, request, refresh);
      } catch (error) {
        refresh = needsNewToken(error) && renewals > 0;
        if (refresh) {
          renewals -= 1;
          continue;
        }
        const seconds = attempt > maxRetries ? undefined : waitBefore(error, { attempt, waited, isRepeatable });
        if (seconds === undefined) throw error;
        await sleep(seconds, request.signal);
        waited += seconds;
        if (!isInProgress(error)) attempt += 1;
      }
    }
  }

  async function send<T>(method: Method, path: string, request: RequestOptions, refresh: boolean): Promise<Answer<T>> {
    request.signal?.throwIfAborted();
    const authorization = await unlessAborted(authorizationOf(options, { refresh }), request.signal);
    const seconds = request.timeoutSeconds ?? timeoutSeconds;
    // What is wrong with the request itself is no failure of the network, so it is found before the attempt.
    const target = url + path + queryOf(request.query);
    const headers = headersOf(request, authorization, options.owner);
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
    as: (owner) => createTransport({ ...options, owner }),
  };
}

/** Says whether the store refused the token itself: it has ended, or it allows no more images. */
function needsNewToken(error: unknown): boolean {
  return error instanceof ImageStoreError && (error.status === 401 || error.code === "upload_token_used_up");
}

function addressOf(text: string): string {
  let address: URL;
  try {
    address = new URL(text);
  } catch (cause) {
    throw new TypeError(`The url of the image store is not an address: ${text}`, { cause });
  }
  if (!/^https?:$/.test(address.protocol)) throw new TypeError(`The url of the image store is not http or https: ${text}`);
  return address.origin + address.pathname.replace(/\/+$/, "");
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
  if (response.type === "opaqueredirect") return fetch(url, { ...init, redirect: "follow" });
  const location = response.headers.get("Location");
  if (response.status !== 302 || location === null) return response;
  await response.body?.cancel();
  return fetch(new URL(location, url), { signal: init.signal });
}

async function answerOf<T>(response: Response, { read, isAnswer }: RequestOptions): Promise<Answer<T>> {
  const { ok, status, headers } = response;
  if (ok && read === "blob") return { status, headers, data: (await response.blob()) as T };
  const text = await response.text();
  if (status === 204) return { status, headers, data: undefined as T };
  const data = parsed(text);
  if (ok ? data === undefined : !isAnswer?.(data)) throw errorOf(response, data);
  return { status, headers, data: data as T };
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
