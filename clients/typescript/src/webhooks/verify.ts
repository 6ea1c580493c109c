import type { Event } from "../api/types";
import { WebhookVerificationError } from "./errors";

/** What an endpoint has received: the headers, and the body as it came, before anything parsed it. */
export interface SignedMessage {
  headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
  body: string | Uint8Array | ArrayBuffer;
}

export interface VerifyOptions {
  /** How far the time of a message may be from now. Default: 300. */
  toleranceSeconds?: number | undefined;
  /** The present. Default: that of the clock. */
  now?: Date | undefined;
}

const PREFIX = "whsec_";
const VERSION = "v1,";
const TOLERANCE_SECONDS = 300;
/** A message has one signature, and two while a secret is rotated. More would only cost time. */
const MAX_SIGNATURES = 8;

/**
 * Returns the event of a webhook, if its signature is that of the secret (Standard Webhooks 1.0.0).
 *
 * Throws WebhookVerificationError for a message that does not come from the store or is too old. Throws TypeError for
 * what is wrong in your app: a secret that is missing, or a body that was parsed before.
 */
export async function verify(
  message: Request | SignedMessage,
  secrets: string | readonly string[],
  { toleranceSeconds = TOLERANCE_SECONDS, now = new Date() }: VerifyOptions = {},
): Promise<Event> {
  const keys = (typeof secrets === "string" ? [secrets] : (secrets ?? [])).map(keyOf);
  if (!keys.length) throw new TypeError("verify needs the secret of the webhook.");
  const id = headerOf(message, "webhook-id");
  const timestamp = headerOf(message, "webhook-timestamp");
  const signatures = signaturesIn(headerOf(message, "webhook-signature"));
  requireRecent(timestamp, now, toleranceSeconds);
  const body = await bodyOf(message);
  if (!(await isSigned(joined(`${id}.${timestamp}.`, body), signatures, keys))) {
    throw new WebhookVerificationError("invalid_signature", "No signature is that of the secret.");
  }
  return eventIn(body);
}

function keyOf(secret: string): Uint8Array<ArrayBuffer> {
  const key = typeof secret === "string" && secret.startsWith(PREFIX) ? bytesOf(secret.slice(PREFIX.length)) : undefined;
  if (!key?.length) throw new TypeError(`A secret of webhooks is ${PREFIX} and Base64.`);
  return key;
}

function headerOf({ headers }: Request | SignedMessage, name: string): string {
  const value = typeof headers.get === "function" ? (headers as Headers).get(name) : named(headers as Record<string, unknown>, name);
  if (typeof value !== "string" || !value) throw new WebhookVerificationError("missing_header", `There is no header ${name}.`);
  return value;
}

/** Node has names in lower case, API Gateway as they were sent. */
function named(headers: Record<string, unknown>, name: string): unknown {
  const value = headers[name] ?? Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1];
  return Array.isArray(value) ? value[0] : value;
}

function signaturesIn(header: string): Uint8Array<ArrayBuffer>[] {
  const ours = header.split(" ").filter((each) => each.startsWith(VERSION));
  return ours.slice(0, MAX_SIGNATURES).flatMap((each) => bytesOf(each.slice(VERSION.length)) ?? []);
}

function requireRecent(timestamp: string, now: Date, toleranceSeconds: number): void {
  const distance = /^\d{1,12}$/.test(timestamp) ? Math.abs(now.getTime() / 1000 - Number(timestamp)) : Infinity;
  if (!(distance <= toleranceSeconds)) {
    throw new WebhookVerificationError("invalid_timestamp", "The message is not of this time.");
  }
}

async function bodyOf(message: Request | SignedMessage): Promise<Uint8Array<ArrayBuffer>> {
  if ("arrayBuffer" in message) return new Uint8Array(await message.arrayBuffer());
  const { body } = message;
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (body instanceof Uint8Array || body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new TypeError("The body was parsed or is missing: verify needs its bytes, in Express those of express.raw().");
}

function joined(prefix: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = new TextEncoder().encode(prefix);
  const whole = new Uint8Array(start.length + body.length);
  whole.set(start);
  whole.set(body, start.length);
  return whole;
}

/** Web Crypto compares in constant time. */
async function isSigned(
  content: Uint8Array<ArrayBuffer>,
  signatures: Uint8Array<ArrayBuffer>[],
  keys: Uint8Array<ArrayBuffer>[],
): Promise<boolean> {
  for (const bytes of keys) {
    const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    for (const signature of signatures) {
      if (await crypto.subtle.verify("HMAC", key, signature, content)) return true;
    }
  }
  return false;
}

function eventIn(body: Uint8Array): Event {
  try {
    const event: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof (event as Partial<Event> | null)?.type === "string") return event as Event;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new WebhookVerificationError("invalid_event", "The body is not an event.");
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined; // not Base64
  }
}
