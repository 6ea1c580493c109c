import { expect, test } from "vitest";
import { placeholderOf } from "../../../src/react/placeholder";

/** What the store says of a picture: red on the left and dark on the right, with more green in the upper half. */
const QUARTERS = "U^I#Fh|^sUK3p;oKfQbGf%fQfQfQn9n*fQaz";
/** What the store says of an even picture of this colour. */
const EVEN = "L7M|T9^4fQ^4}XoKfQoKfQfQfQfQ";
const COLOR = [200, 100, 50];

type Pixel = [red: number, green: number, blue: number];

/** Returns a pixel of the bitmap; the first row is the upper one. */
function pixel(background: string, x: number, y: number): Pixel {
  const base64 = /^url\(data:image\/bmp;base64,(.*)\) 0 0 \/ 100% 100%$/.exec(background)?.[1] ?? "";
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  expect(new TextDecoder().decode(bytes.subarray(0, 2))).toBe("BM");
  expect(new DataView(bytes.buffer).getUint32(2, true)).toBe(bytes.length);
  const at = 54 + ((7 - y) * 8 + x) * 3;
  return [bytes[at + 2]!, bytes[at + 1]!, bytes[at]!];
}

test("a blurhash is painted in its places", () => {
  const background = placeholderOf(QUARTERS);

  const [upperLeft, upperRight] = [pixel(background, 1, 1), pixel(background, 6, 1)];
  const [lowerLeft, lowerRight] = [pixel(background, 1, 6), pixel(background, 6, 6)];
  expect(Math.min(upperLeft[0], lowerLeft[0])).toBeGreaterThan(Math.max(upperRight[0], lowerRight[0]) + 100);
  expect(Math.min(upperLeft[1], upperRight[1])).toBeGreaterThan(Math.max(lowerLeft[1], lowerRight[1]) + 80);
});

test("the blurhash of an even picture keeps its colour", () => {
  const background = placeholderOf(EVEN);

  for (const [x, y] of [[0, 0], [4, 3], [7, 7]] as const) {
    const differences = pixel(background, x, y).map((level, at) => Math.abs(level - COLOR[at]!));
    expect(Math.max(...differences)).toBeLessThan(40);
  }
});

test("a broken blurhash gives no background", () => {
  expect([placeholderOf(""), placeholderOf(EVEN.slice(1)), placeholderOf(`é${EVEN.slice(1)}`)]).toEqual(["", "", ""]);
});
