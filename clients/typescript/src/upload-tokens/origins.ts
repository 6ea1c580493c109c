/**
 * Says whether a request comes from a page of the same origin, or from no page at all.
 *
 * Browsers send `Sec-Fetch-Site` to https and to localhost, and `Origin` with every POST. No page can change them.
 */
export function isSameOrigin(request: Request): boolean {
  const site = request.headers.get("Sec-Fetch-Site");
  if (site !== null) return site === "same-origin" || site === "none";
  const origin = request.headers.get("Origin");
  // A proxy may change one of both, and pages choose neither.
  const hosts = [request.headers.get("Host"), new URL(request.url).host];
  return origin === null || hosts.includes(hostOf(origin));
}

/** The origin of a request if it is one of the allowed ones. */
export function allowedOriginOf(request: Request, allowed: readonly string[]): string | undefined {
  const origin = request.headers.get("Origin");
  return origin !== null && allowed.includes(origin) ? origin : undefined;
}

/** Headers with which a browser shows an answer to a page of another origin. */
export function sharingHeaders(origin: string): Record<string, string> {
  return { "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true", Vary: "Origin" };
}

/** The answer to the question of a browser whether it may send a request to another origin. */
export function preflightAnswer(request: Request, origin: string): Response {
  const names = request.headers.get("Access-Control-Request-Headers");
  return new Response(null, {
    status: 204,
    headers: {
      ...sharingHeaders(origin),
      "Access-Control-Allow-Methods": "POST",
      ...(names === null ? {} : { "Access-Control-Allow-Headers": names }),
    },
  });
}

/** The host of an origin; empty for the origin `null` of a sandboxed page. */
function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : "";
}
