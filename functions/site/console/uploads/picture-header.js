// What the first bytes of a file say: which kind of picture it is, and how large. Enough to refuse it before sending.

/** How much of a file is read: in a JPEG, the size may stand behind a preview and a profile. */
export const HEADER_BYTES = 256 * 1024;

const HEIC_BRANDS = /heic|heix|hevc|hevx|heim|heis|mif1|msf1/;
const AVIF_BRANDS = /avif|avis/;

// Kinds that the store does not take, so that it can be said which one it is.
const OTHERS = [
  ["TIFF or raw camera", /^(II\*\0|MM\0\*)/],
  ["JPEG XL", /^(\xff\x0a|\0\0\0\x0cJXL )/],
  ["JPEG 2000", /^\0\0\0\x0cjP/],
  ["BMP", /^BM/],
  ["Photoshop", /^8BPS/],
  ["PDF", /^%PDF-/],
  ["icon", /^\0\0\x01\0/],
  ["SVG", /^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg/i],
];

/**
 * `{type, width, height, otherKind}` from the first bytes of a file. `type` is null for what is no picture of a known
 * kind; width and height are null where the header does not say them.
 */
export function pictureHeader(bytes) {
  const view = new DataView(bytes);
  const text = latin(view, 0, Math.min(view.byteLength, 1024));
  const [type, size] = kindOf(text, view);
  const [width, height] = (size && sizeWithin(size)) || [null, null];
  const otherKind = type ? null : (OTHERS.find(([, pattern]) => pattern.test(text))?.[0] ?? null);
  return { type, width, height, otherKind: otherKind ?? (isFilm(text) ? "film" : null) };
}

function kindOf(text, view) {
  if (text.startsWith("\x89PNG\r\n")) return ["image/png", () => [view.getUint32(16), view.getUint32(20)]];
  if (/^GIF8[79]a/.test(text)) return ["image/gif", () => [view.getUint16(6, true), view.getUint16(8, true)]];
  if (text.startsWith("\xff\xd8\xff")) return ["image/jpeg", () => sizeOfJpeg(view)];
  if (/^RIFF....WEBP/s.test(text)) return ["image/webp", () => sizeOfWebp(text, view)];
  if (text.slice(4, 8) === "ftyp") {
    const brands = text.slice(8, view.getUint32(0));
    if (AVIF_BRANDS.test(brands)) return ["image/avif", () => largestItem(view)];
    if (HEIC_BRANDS.test(brands)) return ["image/heic", () => largestItem(view)];
  }
  return [null, null];
}

/** What a reader of a size answers; null when the file ends before. */
function sizeWithin(read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The frame header (SOF) is behind a row of segments, each with its length. */
function sizeOfJpeg(view) {
  for (let at = 2; ; at += 2 + view.getUint16(at + 2)) {
    while (view.getUint8(at + 1) === 0xff) at += 1; // fill bytes
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
    if (view.getUint8(at) !== 0xff || marker === 0xda) return null;
  }
}

function sizeOfWebp(text, view) {
  const chunk = text.slice(12, 16);
  if (chunk === "VP8 ") return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  if (chunk === "VP8L") {
    const packed = view.getUint32(21, true);
    return [(packed & 0x3fff) + 1, ((packed >> 14) & 0x3fff) + 1];
  }
  const three = (at) => (view.getUint32(at, true) & 0xffffff) + 1;
  return chunk === "VP8X" ? [three(24), three(27)] : null;
}

/** Of HEIC and AVIF: a picture may be made of tiles and have previews, and each has its `ispe` box. */
function largestItem(view) {
  let largest = null;
  for (let at = 0; at + 20 <= view.byteLength; at += 1) {
    if (view.getUint32(at) !== 0x69737065) continue; // "ispe", then version and flags
    const size = [view.getUint32(at + 8), view.getUint32(at + 12)];
    if (!largest || size[0] * size[1] > largest[0] * largest[1]) largest = size;
  }
  return largest;
}

const isFilm = (text) => /^(....ftyp|\x1a\x45\xdf\xa3|RIFF....AVI )/s.test(text);

const latin = (view, from, to) =>
  String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + from, to - from));
