import { expect, test } from "vitest";
import { createImageStore } from "../../../src/index";
import { problem, startServer, type Reply } from "../../server";

async function errorFor(reply: Reply): Promise<unknown> {
  const server = await startServer(reply);
  const store = createImageStore({ url: server.url, key: "isk_1", maxRetries: 0 });
  return store.images.get("1").catch((error: unknown) => error);
}

test("a problem of the API arrives with its code, status, detail and request id", async () => {
  const error = await errorFor(problem(404, "image_not_found"));

  expect(error).toMatchObject({
    name: "ImageStoreError",
    code: "image_not_found",
    status: 404,
    detail: "About image_not_found.",
    requestId: "r1",
    message: "image_not_found: About image_not_found.",
  });
});

test("the faults of an invalid request arrive with their places", async () => {
  const faults = [{ loc: ["body", "title"], type: "string_too_long", msg: "Too long." }];

  const error = await errorFor({ status: 400, json: { code: "invalid_request", detail: "Bad.", errors: faults } });

  const message = "invalid_request: Bad. (body.title: Too long.)";
  expect(error).toMatchObject({ code: "invalid_request", detail: "Bad.", message, errors: faults });
});

test.each([
  [401, "invalid_token"],
  [403, "forbidden"],
  [413, "payload_too_large"],
  [429, "rate_limited"],
  [500, "internal_error"],
  [502, "internal_error"],
  [503, "storage_unavailable"],
  [504, "deadline_exceeded"],
])("an answer %i of the gateway becomes %s", async (status, code) => {
  const error = await errorFor({ status, json: { message: "Refused" } });

  expect(error).toMatchObject({ code, status, detail: "Refused" });
});

test.each([404, 405])("an answer %i of the gateway says that the store has no such route", async (status) => {
  const error = await errorFor({ status, json: { message: "Not Found" } });

  const detail = "The store has no such route: it is older than this client, or its url is wrong.";
  expect(error).toMatchObject({ code: "not_offered", status, detail });
});

test.each([
  [200, "<html></html>"],
  [404, "<html></html>"],
  [502, ""],
])("a page with status %i is not an image store", async (status, text) => {
  const error = await errorFor({ status, text });

  expect(error).toMatchObject({ code: "not_an_image_store", status });
});

test("a url that is no address is refused at once", () => {
  expect(() => createImageStore({ url: "images.example.com" })).toThrow(TypeError);
  expect(() => createImageStore({ url: "ftp://images.example.com" })).toThrow(TypeError);
});

test.each([
  ["https://images.example.com/v1", "/v1", "https://images.example.com"],
  ["https://images.example.com/prod/v1/", "/v1", "https://images.example.com/prod"],
  ["https://images.example.com/v1/images?limit=1", "/v1/images", "https://images.example.com"],
  ["https://images.example.com/docs", "/docs", "https://images.example.com"],
  ["https://images.example.com/openapi.json", "/openapi.json", "https://images.example.com"],
])("the url %s says that %s does not belong there", (url, rest, right) => {
  const create = () => createImageStore({ url });

  expect(create).toThrow(TypeError);
  expect(create).toThrow(`Leave "${rest}" out of the url of the image store: ${right}`);
});

test.each(["https://images.example.com/v10", "https://images.example.com/docs2", "https://v1.example.com"])(
  "the url %s may be right",
  (url) => {
    expect(createImageStore({ url }).url).toBe(url);
  },
);
