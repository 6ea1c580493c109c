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

  expect(error).toMatchObject({ code: "invalid_request", errors: faults });
});

test.each([
  [401, "invalid_token"],
  [413, "payload_too_large"],
  [429, "rate_limited"],
  [503, "storage_unavailable"],
])("an answer %i of the gateway becomes %s", async (status, code) => {
  const error = await errorFor({ status, json: { message: "Refused" } });

  expect(error).toMatchObject({ code, status, detail: "Refused" });
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
