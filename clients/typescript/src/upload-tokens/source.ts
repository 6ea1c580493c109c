import type { TokenSource } from "../http/credentials";
import { errorOf } from "../http/errors";
import type { IssuedToken } from "./route";

/**
 * Returns a source of upload tokens that asks a route of `uploadTokenRoute`, such as `/api/upload-token`.
 *
 * Give it to `createImageStore` as `uploadToken`. It keeps a token for half of its life, so that an upload that begins
 * with it can end with it, or until the store refuses it. `init` is for `fetch`, such as headers and credentials. Throws
 * ImageStoreError if the route refuses.
 */
export function uploadTokenFrom(address: string | URL, init: RequestInit = {}): TokenSource {
  let request: Promise<IssuedToken> | undefined;
  let renewAt = 0;

  return async ({ refresh }) => {
    if (request === undefined || refresh || Date.now() >= renewAt) {
      renewAt = Infinity; // uploads that begin together share one request
      request = requestToken(address, init);
      request.then(
        ({ expires_in }) => (renewAt = Date.now() + (expires_in * 1000) / 2),
        () => (request = undefined),
      );
    }
    return (await request).token;
  };
}

async function requestToken(address: string | URL, init: RequestInit): Promise<IssuedToken> {
  const response = await fetch(address, { ...init, method: "POST" });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok || !isIssuedToken(body)) throw errorOf(response, body);
  return body;
}

function isIssuedToken(body: unknown): body is IssuedToken {
  return typeof body === "object" && body !== null && "token" in body && "expires_in" in body;
}
