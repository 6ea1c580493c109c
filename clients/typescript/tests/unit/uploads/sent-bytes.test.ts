import { expect, test } from "vitest";
import { headersIn } from "../../../src/uploads/sent-bytes";

test("the headers of an answer are read as a browser writes them", () => {
  const lines = "content-type: application/json\r\nlocation: https://example.com/a\r\nretry-after: 2\r\netag: \r\n";

  expect(Object.fromEntries(headersIn(lines))).toEqual({
    "content-type": "application/json",
    etag: "",
    location: "https://example.com/a",
    "retry-after": "2",
  });
});

test("an answer may show no header", () => {
  expect([...headersIn("")]).toEqual([]);
});
