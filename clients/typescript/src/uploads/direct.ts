import type { components } from "../api/schema";
import type { Image } from "../api/types";
import { pathOf } from "../http/calls";
import { ImageStoreError, storageError, type ErrorCode } from "../http/errors";
import { backoffAfter, sleep } from "../http/retries";
import { textOf, withinTime, type Transport } from "../http/transport";
import { readRange, sourceChanged } from "./bytes";
import type { ImageOfUpload } from "./image-of-upload";
import type { PendingUpload } from "./pending-upload";
import { sha256Of } from "./sha256";

type Announcement = components["schemas"]["UploadRequest"];
type Ticket = components["schemas"]["UploadTicket"];

/** The store completes a large upload behind a queue. It gives up earlier than this. */
const MAX_COMPLETION_SECONDS = 600;
const USUAL_POLL_SECONDS = 2;
const LONGEST_POLL_SECONDS = 30;
const CHECKSUM_CODES = /<Code>(?:BadDigest|XAmzContentChecksumMismatch)</;

/**
 * Uploads a picture directly to storage.
 *
 * 1. Reserve the image under the idempotency key. A repeat finds the same reservation, with a link that works.
 * 2. PUT the bytes to the link. It stores exactly these bytes, once; 412 means that they have arrived.
 * 3. Complete, whatever the PUT seemed to do: its answer may be lost, and only the store knows whether bytes arrived.
 *
 * `upload_incomplete` and `upload_not_found` mean that there is no image. Then the steps are repeated, and a
 * reservation that has expired is replaced. So no failure leads to a second image. An abort leaves at most a
 * reservation, which the store removes by itself.
 *
 * The store answers a reservation with an image if it existed, or if an earlier upload with the key has stored it. Only
 * for a new key, before anything was sent, it is certain that it existed.
 */
export async function uploadDirectly(
  transport: Transport,
  pending: PendingUpload,
  isNewKey: boolean,
): Promise<ImageOfUpload> {
  const announcement = await announce(pending);
  let refusals = 0;
  for (let attempt = 1; ; attempt += 1) {
    const reserved = await reserve(transport, announcement, pending);
    if (!("upload" in reserved)) return { ...reserved, existed: isNewKey && attempt === 1 };
    const failure = await put(reserved.upload, pending);
    try {
      return { ...(await complete(transport, reserved.id, pending.signal)), existed: false };
    } catch (error) {
      if (!hasCode(error, "upload_incomplete", "upload_not_found")) throw error;
      // A link that expired is refused once, and bytes may be damaged on their way once.
      if (hasCode(failure, "storage_refused", "source_changed")) refusals += 1;
      if (refusals > 1 || attempt > transport.maxRetries) throw failure ?? error;
      await sleep(backoffAfter(attempt), pending.signal);
    }
  }
}

async function announce({ picture, attributes, signal, report }: PendingUpload): Promise<Announcement> {
  const { bytes, size, contentType, filename } = picture;
  report("hashing", 0);
  const sha256 = await sha256Of(bytes, { onRead: (loaded) => report("hashing", loaded), signal });
  return {
    ...(filename === undefined ? {} : { filename }),
    ...attributes,
    content_type: contentType,
    size_bytes: size,
    sha256,
  };
}

async function reserve(transport: Transport, announcement: Announcement, pending: PendingUpload): Promise<Ticket | Image> {
  const { attributes, picture, idempotencyKey, signal } = pending;
  const post = async (json: Announcement) =>
    (await transport.request<Ticket | Image>("POST", "/v1/uploads", { json, idempotencyKey, signal })).data;
  try {
    return await post(announcement);
  } catch (error) {
    // An upload token may forbid to set the name. If the caller did not choose it, it is left out.
    const isOptional = attributes.filename === undefined && picture.filename !== undefined;
    if (!isOptional || !hasCode(error, "upload_not_allowed")) throw error;
    const { filename: _, ...unnamed } = announcement;
    return post(unnamed);
  }
}

/** Sends the bytes and returns what failed; only an abort or an unreadable file ends the upload. */
async function put(link: Ticket["upload"], pending: PendingUpload): Promise<ImageStoreError | undefined> {
  const { picture, signal, fetch, timeoutSeconds } = pending;
  try {
    await withinTime({ url: link.url, seconds: timeoutSeconds, signal }, async (signal) => {
      const init = { method: link.method, headers: link.headers, body: picture.bytes, signal };
      const response = await fetch(link.url, init);
      const text = await textOf(response);
      if (response.ok || response.status === 412) return;
      throw CHECKSUM_CODES.test(text) ? sourceChanged() : storageError(response.status);
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof ImageStoreError)) throw error;
    await readRange(picture.bytes, 0, 1);
    return error;
  }
}

/** Completes an upload; while the store processes it, asks again as often as the store says. */
async function complete(transport: Transport, id: string, signal: AbortSignal | undefined): Promise<Image> {
  const end = Date.now() + MAX_COMPLETION_SECONDS * 1000;
  const path = pathOf("/v1/uploads/{image_id}/complete", { image_id: id });
  for (;;) {
    const { status, headers, data } = await transport.request<Image>("POST", path, { signal, isRepeatable: true });
    if (status !== 202) return data;
    if (Date.now() > end) {
      const detail = `The store is still processing image ${id}. Upload with the same idempotency key to wait on.`;
      throw new ImageStoreError("upload_pending", detail, { status });
    }
    const seconds = Number(headers.get("Retry-After"));
    await sleep(seconds > 0 ? Math.min(seconds, LONGEST_POLL_SECONDS) : USUAL_POLL_SECONDS, signal);
  }
}

function hasCode(error: unknown, ...codes: ErrorCode[]): boolean {
  return error instanceof ImageStoreError && codes.includes(error.code);
}
