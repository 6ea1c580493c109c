import { expect, test } from "vitest";
import { sourcesOf } from "../../../src/react/sources";
import { card, feedCard, image, presigned, renditions } from "./images";

const SHARE = { url_prefix: "https://store.example/s/token", presets: null };

test("a share gives every width up to the first that shows all of the image", () => {
  const sources = sourcesOf("img1", card({ width: 1200, height: 900 }), SHARE, {});

  expect(sources).toEqual({
    src: "https://store.example/s/token/img1/w1280",
    srcSet: "https://store.example/s/token/img1/w640 640w,https://store.example/s/token/img1/w1280 1280w",
    width: 1200,
    height: 900,
    endsAt: Infinity,
  });
});

test("a share of some presets gives only these", () => {
  const some = { ...SHARE, presets: ["thumb", "w640"] };
  const other = { ...SHARE, presets: ["thumb", "card"] };

  expect(sourcesOf("img1", card(), some, {})?.srcSet).toBe("https://store.example/s/token/img1/w640 640w");
  expect(sourcesOf("img1", card(), other, {})).toMatchObject({ src: "https://store.example/s/token/img1/card" });
});

test("an id in a share is enough for all widths", () => {
  const sources = sourcesOf("img1", undefined, SHARE.url_prefix, { widths: [320, 960] });

  expect(sources?.srcSet).toBe(
    "https://store.example/s/token/img1/w320 320w,https://store.example/s/token/img1/w960 960w",
  );
  expect(sources?.width).toBeUndefined();
});

test("a published image is shown by its link, in any preset", () => {
  expect(sourcesOf("img1", feedCard(), undefined, {})?.src).toBe("https://store.example/i/link/w2048");
  expect(sourcesOf("img1", feedCard(), undefined, { preset: "card" })?.src).toBe("https://store.example/i/link/card");
});

test("renditions of the image's shape are the widths of a private image, until their links end", () => {
  expect(sourcesOf("img1", image(), undefined, {})).toEqual({
    src: renditions.display.url,
    srcSet: `${renditions.display.url} 1600w`,
    width: 1600,
    height: 1200,
    endsAt: Date.UTC(2030, 0, 1, 11),
  });
});

test("a card without renditions is shown by its square thumbnail", () => {
  expect(sourcesOf("img1", card(), undefined, {})).toEqual({
    src: presigned("thumb"),
    srcSet: undefined,
    width: 300,
    height: 300,
    endsAt: Date.UTC(2030, 0, 1, 11),
  });
});

test("an id without a share has no address yet", () => {
  expect(sourcesOf("img1", undefined, undefined, {})).toBeUndefined();
});
