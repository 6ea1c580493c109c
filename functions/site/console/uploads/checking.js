// What is known of a file before it is sent: its kind, its size and its pixels. What the store would refuse stays here.
import { settings } from "../frame/settings.js";
import { bytes, count, mediaType } from "../parts/format.js";
import { toJpeg } from "./heif.js";
import { HEADER_BYTES, pictureHeader } from "./picture-header.js";

/** What file dialogs offer. */
export const ACCEPTED = [
  ...["jpeg", "png", "gif", "webp", "avif", "heic", "heif"].map((kind) => `image/${kind}`),
  ...[".heic", ".heif"],
];

const MEGAPIXEL = 1_000_000;
const KINDS = "JPEG, PNG, GIF, WebP or AVIF";

/** Why a file is not sent, in words. */
export class Refused extends Error {
  isOfTheFile = true;
  mayPass = false;
}

/** The file as it is sent: with the type that its bytes have, and HEIC as JPEG. Throws Refused. */
export async function prepared(file, { progress, signal }) {
  if (!file.size) throw new Refused("This file is empty.");
  const { type, width, height, otherKind } = await headerOf(file);
  if (!type)
    throw new Refused(
      otherKind
        ? `This is a ${otherKind} file. The store takes ${KINDS}: save it as one of them first.`
        : `This is not a ${KINDS} picture. Other kinds are not accepted.`,
    );
  const { upload_pixels: most } = settings.limits;
  if (width * height > most)
    throw new Refused(
      `This picture has ${count(Math.round((width * height) / MEGAPIXEL))} megapixels; the store takes up to ` +
        `${count(Math.floor(most / MEGAPIXEL))}. Make it smaller first.`,
    );
  const sent = type === "image/heic" ? await converted(file, { progress, signal }) : typed(file, type);
  if (sent.size > settings.limits.upload_bytes)
    throw new Refused(
      `This file has ${bytes(sent.size)}${sent === file ? "" : ` as ${mediaType(sent.type)}`}; the store takes up to ` +
        `${bytes(settings.limits.upload_bytes)}. Make it smaller first.`,
    );
  return sent;
}

async function headerOf(file) {
  try {
    return pictureHeader(await file.slice(0, HEADER_BYTES).arrayBuffer());
  } catch (error) {
    if (error.name !== "NotReadableError" && error.name !== "NotFoundError") throw error;
    throw new Refused("This file cannot be read any more: it was moved or changed. Pick it again.");
  }
}

/** What a file's name says of its kind may be wrong; the store goes by its bytes. */
const typed = (file, type) => (file.type === type ? file : new File([file], file.name, { type }));

async function converted(file, { progress, signal }) {
  progress(0, "Converting HEIC");
  try {
    const jpeg = await toJpeg(file, { signal });
    return new File([jpeg], `${file.name.replace(/\.hei[cf]$/i, "")}.jpg`, { type: "image/jpeg" });
  } catch (error) {
    if (signal.aborted || error.status === 0) throw error;
    throw new Refused(
      "This HEIC picture cannot be converted here. Save it as JPEG first; on an iPhone, Settings → Camera → " +
        "Formats → Most Compatible takes JPEGs from then on.",
    );
  }
}
