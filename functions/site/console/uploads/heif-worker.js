// A program of its own beside the page: it opens HEIC with libheif, whose code runs nowhere else, and answers a JPEG.
// The site function sends it with a policy that lets it load these two files and nothing more.
const QUALITY = 0.92;
const HEADER_BYTES = 256 * 1024;
const WIDE_PRIMARIES = 12; // Display P3, as ITU-T H.273 numbers it

let library = null;

addEventListener("message", async ({ data: file }) => {
  try {
    library ??= await load();
  } catch (error) {
    // What the browser says when no answer came; anything else would fail again.
    const isUnreachable = error instanceof TypeError || error.name === "NetworkError";
    postMessage({ isUnreachable, problem: String(error) });
    return;
  }
  try {
    postMessage({ jpeg: await jpegOf(await file.arrayBuffer()) });
  } catch (error) {
    postMessage({ problem: String(error) });
  }
});

/** Both files have the version of this one in their addresses. */
async function load() {
  const { search } = location;
  const compiled = await fetch(`/assets/libheif.wasm${search}`);
  if (!compiled.ok) throw new Error(`libheif.wasm: ${compiled.status}`);
  importScripts(`/assets/libheif.js${search}`);
  return self.libheif({ wasmBinary: await compiled.arrayBuffer() });
}

async function jpegOf(bytes) {
  const decoder = new library.HeifDecoder();
  const pictures = decoder.decode(bytes);
  try {
    const picture = pictures.find((one) => one.is_primary()) ?? pictures[0];
    if (!picture) throw new Error("There is no picture in it.");
    const [width, height] = [picture.get_width(), picture.get_height()];
    const colorSpace = isWide(bytes) ? "display-p3" : "srgb";
    const pixels = new ImageData(width, height, { colorSpace });
    const shown = await new Promise((resolve) => picture.display(pixels, resolve));
    if (!shown) throw new Error("It cannot be decoded.");
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d", { alpha: false, colorSpace }).putImageData(pixels, 0, 0);
    return await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  } finally {
    pictures.forEach((one) => one.free());
    if (decoder.decoder) library.heif_context_free(decoder.decoder);
  }
}

/** Whether its colours are those of Display P3, by its profile or by the numbers in its `colr` box. */
function isWide(bytes) {
  const head = new Uint8Array(bytes, 0, Math.min(bytes.byteLength, HEADER_BYTES));
  const text = new TextDecoder("latin1").decode(head);
  if (text.includes("D\0i\0s\0p\0l\0a\0y\0 \0P\x003")) return true;
  const at = text.indexOf("colrnclx");
  return at >= 0 && head[at + 8] * 256 + head[at + 9] === WIDE_PRIMARIES;
}
