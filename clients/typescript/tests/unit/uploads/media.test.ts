import { describe, expect, test } from "vitest";
import { mediaTypeOf } from "../../../src/uploads/media";

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const box = (brands: string) => bytes(`\0\0\0${String.fromCharCode(8 + brands.length)}ftyp${brands}`);

describe("an accepted picture is recognized by its first bytes", () => {
  test.each([
    ["image/jpeg", bytes("\xff\xd8\xff\xe0\0\x10JFIF")],
    ["image/png", bytes("\x89PNG\r\n\x1a\n\0\0\0\rIHDR")],
    ["image/gif", bytes("GIF87a")],
    ["image/gif", bytes("GIF89a")],
    ["image/webp", bytes("RIFF\0\0\0\0WEBPVP8 ")],
    ["image/avif", box("avif\0\0\0\0mif1miaf")],
    ["image/avif", box("mif1\0\0\0\0miafavif")],
    ["image/avif", box("msf1\0\0\0\0avis")],
  ])("%s", async (type, head) => {
    expect(await mediaTypeOf(head)).toBe(type);
  });
});

describe("another file is refused with its kind", () => {
  test.each([
    ["a HEIC photo", box("heic\0\0\0\0mif1heic")],
    ["a HEIC photo", box("mif1\0\0\0\0heicmiaf")],
    ["a HEIC photo", bytes(`${String.fromCharCode(...box("heic\0\0\0\0mif1"))}avif`)],
    ["a video", box("isom\0\0\x02\0isomiso2avc1mp41")],
    ["a PDF", bytes("%PDF-1.7\n")],
    ["a TIFF picture", bytes("II*\0\x08\0\0\0")],
    ["a TIFF picture", bytes("MM\0*\0\0\0\x08")],
    ["a JPEG XL picture", bytes("\xff\x0a\xfa\x7f")],
    ["a Photoshop file", bytes("8BPS\0\x01")],
    ["a BMP picture", bytes("BM\x36\0\0\0")],
    ["an SVG drawing", bytes('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ["an SVG drawing", bytes('\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn --><svg/>')],
    ["a text", bytes("just a note\n")],
    ["no picture", bytes("\0\x01\x02")],
    ["no picture", bytes("\xff\xd8")],
  ])("%s", async (kind, head) => {
    await expect(mediaTypeOf(head, "file.jpg")).rejects.toThrow(
      `unsupported_media_type: file.jpg is ${kind}. The store takes JPEG, PNG, GIF, WebP and AVIF: convert it first.`,
    );
  });
});

test("no bytes are an invalid request", async () => {
  await expect(mediaTypeOf(new Uint8Array())).rejects.toThrow("invalid_request: The source is empty.");
});
