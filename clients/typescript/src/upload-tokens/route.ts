import type { UploadToken, UploadTokenRequest } from "../api/types";
import { ImageStoreError, type ErrorCode } from "../http/errors";
import type { ImageStore } from "../store";
import { allowedOriginOf, isSameOrigin, preflightAnswer, sharingHeaders } from "./origins";

/** What an upload token allows. `owner` is whose images are uploaded; null for those of the key itself. */
export type UploadPermission = Omit<UploadTokenRequest, "owner"> & { owner: string | null };

export interface UploadTokenRouteOptions {
  /**
   * Says what the sender of a request may upload; null refuses the request.
   *
   * Read the session of the request here. What it throws is thrown by the route, so the redirects of a framework work.
   * Without `expires_in` a token lasts an hour, and without `max_images` it allows 20 images.
   */
  authorize(request: Request): UploadPermission | null | Promise<UploadPermission | null>;
  /** Origins of other sites whose pages may ask, such as `https://app.example.com`. Default: none. */
  allowedOrigins?: readonly string[] | undefined;
}

/** What the route answers. `expires_in` is in seconds: the clock of a browser may be wrong. */
export type IssuedToken = UploadToken & { expires_in: number };

/** The part of an image store that the route needs. */
type TokenMaker = Pick<ImageStore, "uploadTokens">;

const DEFAULT_LIMITS = { expires_in: 3600, max_images: 20 };

/**
 * Makes a route that gives upload tokens to the pages of your app.
 *
 * It answers a POST with `{token, expires_at, expires_in}`, and refuses pages of other sites. `store` has an API key; give a
 * function if the key is unknown when the module is loaded, as in `next build`. The route is a function of a Web
 * `Request`, for Next, Hono, Workers and SvelteKit alike.
 *
 * It answers 403 `upload_not_allowed` if `authorize` returns null, 429 with `Retry-After` if a limit is reached, and 503
 * if the store cannot be reached. It throws what only you can repair, such as a key without the scope `images:write`:
 * your framework logs the error and answers 500. No answer contains the key.
 */
export function uploadTokenRoute(
  store: TokenMaker | (() => TokenMaker),
  { authorize, allowedOrigins = [] }: UploadTokenRouteOptions,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const origin = allowedOriginOf(request, allowedOrigins);
    if (request.method === "OPTIONS" && origin !== undefined) return preflightAnswer(request, origin);
    const answer = await respond(request, origin !== undefined);
    if (origin !== undefined) for (const [name, value] of Object.entries(sharingHeaders(origin))) answer.headers.set(name, value);
    return answer;
  };

  async function respond(request: Request, isAllowedOrigin: boolean): Promise<Response> {
    if (request.method !== "POST") return refusal(405, "method_not_allowed", "Send a POST.", { Allow: "POST" });
    if (!isAllowedOrigin && !isSameOrigin(request)) {
      return refusal(403, "upload_not_allowed", "This page belongs to another site.");
    }
    const permission = await authorize(request);
    if (permission === null) return refusal(403, "upload_not_allowed", "You may not upload images here. Sign in first.");
    requireOwner(permission);
    try {
      const { uploadTokens } = typeof store === "function" ? store() : store;
      const limits = { ...DEFAULT_LIMITS, ...permission };
      const { token, expires_at } = await uploadTokens.create(limits);
      return answerOf(200, { token, expires_at, expires_in: limits.expires_in } satisfies IssuedToken);
    } catch (error) {
      return refusalFor(error);
    }
  }
}

/** A session without a user must not upload to the owner of the key. */
function requireOwner(permission: UploadPermission): void {
  if (permission.owner === undefined) throw new TypeError("authorize returned no owner; null is the owner of the key.");
}

/** Answers what passes by itself; throws what only the developer can repair. */
function refusalFor(error: unknown): Response {
  if (!(error instanceof ImageStoreError)) throw error;
  const wait: Record<string, string> = error.retryAfter === undefined ? {} : { "Retry-After": String(Math.ceil(error.retryAfter)) };
  if (error.status === 429) return refusal(429, error.code, "No more images can be uploaded for now.", wait);
  if (!isOutage(error)) throw error;
  return refusal(503, "storage_unavailable", "The image store cannot be reached for now.", wait);
}

function isOutage({ code, status }: ImageStoreError): boolean {
  if (status === undefined) return code === "network_error" || code === "timeout";
  return status >= 500 && code !== "not_an_image_store";
}

/** An error in the form of the API (RFC 9457), so that the client in the page reads it. */
function refusal(status: number, code: ErrorCode, detail: string, headers: Record<string, string> = {}): Response {
  return answerOf(status, { type: "about:blank", title: code, status, code, detail }, {
    "Content-Type": "application/problem+json",
    ...headers,
  });
}

function answerOf(status: number, body: object, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers: { "Cache-Control": "no-store", ...headers } });
}
