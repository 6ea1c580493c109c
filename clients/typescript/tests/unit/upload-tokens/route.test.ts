import { expect, test } from "vitest";
import { createImageStore, type ImageStore } from "../../../src/index";
import { uploadTokenRoute, type UploadPermission, type UploadTokenRouteOptions } from "../../../src/upload-tokens/index";
import { problem, startServer, type Reply, type TestServer } from "../../server";

const KEY = "isk_secret";
const PAGE = "https://app.example.com/api/upload-token";
const OTHER = "https://other.example.org";
const CREATED: Reply = { status: 201, json: { token: "iut_1", expires_at: "2026-03-01T12:00:00Z" } };

const forAlice = (): UploadPermission => ({ owner: "alice" });

async function startRoute(
  replies: Reply[],
  options: UploadTokenRouteOptions = { authorize: forAlice },
): Promise<{ route: (request: Request) => Promise<Response>; server: TestServer }> {
  const server = await startServer(...replies);
  return { route: uploadTokenRoute(storeAt(server), options), server };
}

function storeAt(server: TestServer): ImageStore {
  return createImageStore({ url: server.url, key: KEY, maxRetries: 0 });
}

function requestFrom(headers: Record<string, string> = {}, method = "POST"): Request {
  return new Request(PAGE, { method, headers });
}

test("a page of the app gets a token with its life in seconds, and nothing keeps it", async () => {
  const { route, server } = await startRoute([CREATED]);

  const answer = await route(requestFrom({ "Sec-Fetch-Site": "same-origin", Origin: new URL(PAGE).origin }));

  expect(answer.status).toBe(200);
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
  expect(await answer.json()).toEqual({ token: "iut_1", expires_at: "2026-03-01T12:00:00Z", expires_in: 3600 });
  expect(server.seen[0]).toMatchObject({ method: "POST", path: "/v1/upload-tokens" });
  expect(JSON.parse(server.seen[0]!.body)).toEqual({ owner: "alice", expires_in: 3600, max_images: 20 });
});

test("the limits of authorize replace the defaults", async () => {
  const limits = { owner: null, expires_in: 60, max_images: 1, max_bytes: 5, may_set: ["title" as const] };
  const { route, server } = await startRoute([CREATED], { authorize: async () => limits });

  const answer = await route(requestFrom());

  expect(JSON.parse(server.seen[0]!.body)).toEqual(limits);
  expect(await answer.json()).toMatchObject({ expires_in: 60 });
});

test("the store can be made at the first request", async () => {
  const server = await startServer(CREATED);
  const route = uploadTokenRoute(() => storeAt(server), { authorize: forAlice });

  const answer = await route(requestFrom());

  expect(answer.status).toBe(200);
});

test("whom authorize refuses gets no token", async () => {
  const { route, server } = await startRoute([CREATED], { authorize: () => null });

  const answer = await route(requestFrom());

  expect(answer.status).toBe(403);
  expect(await answer.json()).toMatchObject({ code: "upload_not_allowed" });
  expect(server.seen).toEqual([]);
});

test("a session without a user gets no token for the owner of the key", async () => {
  const session: { user?: string } = {};
  const { route, server } = await startRoute([CREATED], { authorize: () => ({ owner: session.user! }) });

  await expect(route(requestFrom())).rejects.toThrow("no owner");
  expect(server.seen).toEqual([]);
});

test("what authorize throws reaches the framework", async () => {
  const redirect = new Error("NEXT_REDIRECT");
  const authorize = () => {
    throw redirect;
  };
  const { route } = await startRoute([CREATED], { authorize });

  await expect(route(requestFrom())).rejects.toBe(redirect);
});

test.each([
  [{ "Sec-Fetch-Site": "cross-site", Origin: OTHER }],
  [{ "Sec-Fetch-Site": "same-site", Origin: "https://blog.example.com" }],
  [{ Origin: OTHER }],
  [{ Origin: "null" }],
])("a page of another site is refused before authorize runs: %o", async (headers) => {
  let calls = 0;
  const { route } = await startRoute([CREATED], { authorize: () => (calls++, forAlice()) });

  const answer = await route(requestFrom(headers));

  expect(answer.status).toBe(403);
  expect(await answer.json()).toMatchObject({ code: "upload_not_allowed" });
  expect(answer.headers.get("Access-Control-Allow-Origin")).toBeNull();
  expect(calls).toBe(0);
});

test.each([
  [{}],
  [{ "Sec-Fetch-Site": "none" }],
  [{ Origin: "https://app.example.com" }],
  [{ Origin: "https://public.example.com", Host: "public.example.com" }], // behind a proxy
])("a request from no page or the same origin is accepted: %o", async (headers) => {
  const { route } = await startRoute([CREATED]);

  const answer = await route(requestFrom(headers as Record<string, string>));

  expect(answer.status).toBe(200);
});

test("an allowed origin gets its token and may read it", async () => {
  const { route } = await startRoute([CREATED], { authorize: forAlice, allowedOrigins: [OTHER] });

  const answer = await route(requestFrom({ "Sec-Fetch-Site": "cross-site", Origin: OTHER }));

  expect(answer.status).toBe(200);
  expect(answer.headers.get("Access-Control-Allow-Origin")).toBe(OTHER);
  expect(answer.headers.get("Vary")).toBe("Origin");
});

test("only an allowed origin passes a preflight", async () => {
  const { route } = await startRoute([CREATED], { authorize: forAlice, allowedOrigins: [OTHER] });
  const headers = { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization" };

  const allowed = await route(requestFrom({ ...headers, Origin: OTHER }, "OPTIONS"));
  const refused = await route(requestFrom({ ...headers, Origin: "https://evil.example" }, "OPTIONS"));

  expect(allowed.status).toBe(204);
  expect(allowed.headers.get("Access-Control-Allow-Headers")).toBe("authorization");
  expect(refused.status).toBe(405);
});

test("other methods are refused", async () => {
  const { route } = await startRoute([CREATED]);

  const answer = await route(requestFrom({}, "GET"));

  expect(answer.status).toBe(405);
  expect(answer.headers.get("Allow")).toBe("POST");
});

test.each([
  [problem(429, "quota_exceeded", { "Retry-After": "7" }), 429, "quota_exceeded", "7"],
  [problem(503, "storage_unavailable", { "Retry-After": "2" }), 503, "storage_unavailable", "2"],
  [problem(500, "internal_error"), 503, "storage_unavailable", null],
  ["cut" as const, 503, "storage_unavailable", null],
])("what passes by itself is answered with its code: %o", async (reply, status, code, retryAfter) => {
  const { route } = await startRoute([reply]);

  const answer = await route(requestFrom());

  expect(answer.status).toBe(status);
  expect(answer.headers.get("Retry-After")).toBe(retryAfter);
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
  expect(await answer.json()).toMatchObject({ code, status });
});

test.each([
  [problem(401, "invalid_token"), "invalid_token"],
  [problem(403, "scope_required"), "scope_required"],
  [problem(400, "invalid_request"), "invalid_request"],
  [{ status: 502, text: "<h1>Bad gateway</h1>" }, "not_an_image_store"],
])("what only the developer can repair is thrown without the key: %o", async (reply, code) => {
  const { route } = await startRoute([reply]);

  const error: unknown = await route(requestFrom()).catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ code });
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(KEY);
});
