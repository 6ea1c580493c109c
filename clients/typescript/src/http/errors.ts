import type { components } from "../api/schema";

/** Codes of errors that the client finds itself. */
export type ClientErrorCode =
  /** No answer came: the connection failed, or the browser refused the request. */
  | "network_error"
  /** No answer came within the time of an attempt. */
  | "timeout"
  /** What answered is not an image store, such as a web page or a proxy. */
  | "not_an_image_store"
  /** The store has no such route: it is older than the client, or `url` is wrong. */
  | "not_offered"
  /** A gateway or firewall in front of the store refused the request. */
  | "forbidden"
  /** The storage refused a link or the bytes. */
  | "storage_refused"
  /** The client cannot upload this source. */
  | "unsupported_source"
  /** The file was changed or removed while it was uploaded. */
  | "source_changed"
  /** The store has all bytes, and was still processing them when the client stopped waiting. */
  | "upload_pending";

/** A stable code of the API, or one of the client's own. */
export type ErrorCode = components["schemas"]["ErrorCode"] | ClientErrorCode;

/** One fault of a request: where it is, its type, and a message. */
export type RequestFault = components["schemas"]["ProblemError"];

type Problem = components["schemas"]["Problem"];

interface ErrorFacts {
  status?: number | undefined;
  requestId?: string | undefined;
  errors?: RequestFault[] | undefined;
  existingId?: string | undefined;
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** What the API answers to requests that the client already refuses itself. */
const REFUSALS: Partial<Record<ErrorCode, number>> = {
  invalid_request: 400,
  invalid_token: 401,
  payload_too_large: 413,
  unsupported_media_type: 415,
};

/** Every failure of a request, except an abort: that throws the reason of the signal. */
export class ImageStoreError extends Error {
  override readonly name = "ImageStoreError";
  /** What went wrong; compare this, never the message. */
  readonly code: ErrorCode;
  /** What went wrong in this case, for people. */
  readonly detail: string;
  /** The HTTP status, also of what the client refuses in place of the API; undefined if no answer came. */
  readonly status: number | undefined;
  /** Names the request in the logs of the store. */
  readonly requestId: string | undefined;
  /** The faults of an invalid request; `message` shows the first one. */
  readonly errors: RequestFault[];
  /** The image that exists already, for `duplicate_image`. */
  readonly existingId: string | undefined;
  /** Seconds after which a repeated request may succeed, if the store named them. */
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, detail: string, facts: ErrorFacts = {}) {
    const [fault] = facts.errors ?? [];
    const place = fault ? ` (${fault.loc.join(".")}: ${fault.msg})` : "";
    super(`${code}: ${detail}${place}`, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.detail = detail;
    this.status = facts.status ?? REFUSALS[code];
    this.requestId = facts.requestId;
    this.errors = facts.errors ?? [];
    this.existingId = facts.existingId;
    this.retryAfter = facts.retryAfter;
  }
}

/** Codes of the answers that the gateway in front of the API gives itself. */
const GATEWAY_CODES: Record<number, ErrorCode> = {
  401: "invalid_token",
  403: "forbidden",
  404: "not_offered",
  405: "not_offered",
  413: "payload_too_large",
  429: "rate_limited",
  500: "internal_error",
  502: "internal_error",
  503: "storage_unavailable",
  504: "deadline_exceeded",
};

const NOT_OFFERED = "The store has no such route: it is older than this client, or its url is wrong.";

/** Makes the error of an answer. `body` is its parsed JSON, or undefined if it has none. */
export function errorOf(response: Response, body: unknown): ImageStoreError {
  const { status, headers } = response;
  const retryAfter = secondsOf(headers.get("Retry-After"));
  const requestId = headers.get("Apigw-Requestid") ?? undefined;
  if (isProblem(body)) {
    return new ImageStoreError(body.code, body.detail, {
      status,
      retryAfter,
      requestId: body.request_id ?? requestId,
      errors: body.errors ?? undefined,
      existingId: body.existing_id ?? undefined,
    });
  }
  const code = GATEWAY_CODES[status];
  if (code !== undefined && isGatewayMessage(body)) {
    const detail = code === "not_offered" ? NOT_OFFERED : body.message;
    return new ImageStoreError(code, detail, { status, retryAfter, requestId });
  }
  // The query of a presigned link is a secret.
  const detail = `${response.url.replace(/[?#].*/, "")} answered ${status}, but not as the API does.`;
  return new ImageStoreError("not_an_image_store", detail, { status, retryAfter });
}

/** Statuses of the storage that pass. Its other statuses of 4xx say that the link or the bytes are wrong. */
const PASSING_STATUSES = [408, 409, 429];

/** Makes the error of an answer of the storage. The text of such an answer may hold a signature. */
export function storageError(status: number): ImageStoreError {
  const mayPass = status >= 500 || PASSING_STATUSES.includes(status);
  const code = mayPass ? "storage_unavailable" : "storage_refused";
  return new ImageStoreError(code, `The storage answered ${status}.`, { status });
}

/** Makes the error of a request without an answer. It names only the origin: paths and queries may be secrets. */
export function networkError(url: string, cause: unknown): ImageStoreError {
  const { origin } = new URL(url);
  const system = codeOf(isObject(cause) ? cause["cause"] : undefined) ?? codeOf(cause);
  const page = globalThis.location?.origin; // only browsers have one
  const hint = page && page !== origin ? ` Is ${page} in its AllowedOrigins?` : "";
  return new ImageStoreError("network_error", `No answer came from ${origin}${system ? ` (${system})` : ""}.${hint}`, { cause });
}

/** Reads the code of the system, such as `ECONNREFUSED`. */
function codeOf(error: unknown): string | undefined {
  return isObject(error) && typeof error["code"] === "string" ? error["code"] : undefined;
}

function isProblem(body: unknown): body is Problem {
  return isObject(body) && typeof body["code"] === "string" && typeof body["detail"] === "string";
}

function isGatewayMessage(body: unknown): body is { message: string } {
  return isObject(body) && typeof body["message"] === "string";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Reads Retry-After (RFC 9110): seconds, or a date. */
function secondsOf(value: string | null): number | undefined {
  if (value === null) return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000);
}
