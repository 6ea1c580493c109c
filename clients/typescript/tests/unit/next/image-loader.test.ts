import { expect, test } from "vitest";
import { imageLoader, imageLoaderFor } from "../../../src/next/index";

const SHARED = "https://images.example.com/s/0123456789abcdef.AAAAAAAAAAAAAAAAAAAAAA/019ca945-0a00-7000-8000-000000000001";
const PUBLISHED = `https://images.example.com/i/${"A".repeat(43)}`;

test.each([
  [16, "w640"],
  [640, "w640"],
  [641, "w1280"],
  [1920, "w2048"],
  [3840, "w2048"],
])("a width of %i becomes the preset %s", (width, preset) => {
  expect(imageLoader({ src: SHARED, width })).toBe(`${SHARED}/${preset}`);
});

test("a published link gets a preset", () => {
  expect(imageLoader({ src: PUBLISHED, width: 640 })).toBe(`${PUBLISHED}/w640`);
});

test("an API below a path is recognized", () => {
  const src = SHARED.replace(".com", ".com/prod");

  expect(imageLoader({ src, width: 640 })).toBe(`${src}/w640`);
});

test("a width that is in the address is replaced", () => {
  expect(imageLoader({ src: `${SHARED}/w2048`, width: 640 })).toBe(`${SHARED}/w640`);
});

test.each([
  "/logo.png",
  `${SHARED}/thumb`,
  `${PUBLISHED}/card`,
  "https://images.example.com/i/photo.jpg",
  `https://images.example.com/i/${"A".repeat(80)}`, // a signed link, which has its size
  `${SHARED}?v=1`,
])("the address %s stays as it is", (src) => {
  expect(imageLoader({ src, width: 640 })).toBe(src);
});

test("the loader of own presets uses their widths in any order", () => {
  const loader = imageLoaderFor([960, 320]);

  expect([100, 500, 5000].map((width) => loader({ src: SHARED, width }).split("/").at(-1))).toEqual(["w320", "w960", "w960"]);
});

test("a loader without widths is refused", () => {
  expect(() => imageLoaderFor([])).toThrow(RangeError);
});
