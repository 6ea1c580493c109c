import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { verify, WebhookVerificationError, type SignedMessage, type VerifyOptions } from "../../../src/webhooks/index";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const NOW = new Date("2026-03-01T12:00:00Z");
const EVENT = { id: "019ca945-0a00-7c2b-9f3e-52d0c81f7a44", type: "image.created", owner_id: "äö 🦊", data: { image_id: "i1" } };
const BODY = JSON.stringify(EVENT);

/** What the reference library sends. */
function signed({ secret = SECRET, at = NOW, body = BODY } = {}): { headers: Record<string, string>; body: string } {
  const headers = {
    "webhook-id": EVENT.id,
    "webhook-timestamp": String(at.getTime() / 1000),
    "webhook-signature": new Webhook(secret).sign(EVENT.id, at, body),
  };
  return { headers, body };
}

async function codeOf(message: SignedMessage | Request, secret: string | string[] = SECRET, options: VerifyOptions = {}) {
  const error: unknown = await verify(message, secret, { now: NOW, ...options }).catch((thrown: unknown) => thrown);
  if (!(error instanceof WebhookVerificationError)) return error;
  expect(error.message).not.toContain(SECRET);
  return error.code;
}

describe("what the reference library signs is verified", () => {
  const message = signed();
  const bytes = new TextEncoder().encode(BODY);
  const request = () => new Request("https://app.example.com/hooks", { method: "POST", ...message });

  test.each<[string, () => SignedMessage | Request]>([
    ["a request of the Web", request],
    ["text", () => message],
    ["bytes", () => ({ ...message, body: bytes })],
    ["a buffer of Node, which is a part of a larger one", () => ({ ...message, body: Buffer.concat([Buffer.from("x"), bytes]).subarray(1) })],
    ["an ArrayBuffer", () => ({ ...message, body: bytes.buffer })],
    ["headers of the Web", () => ({ ...message, headers: new Headers(message.headers) })],
    ["headers in capitals", () => ({ ...message, headers: Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name.toUpperCase(), value])) })],
    ["headers that are lists", () => ({ ...message, headers: Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, [value]])) })],
  ])("%s", async (_name, received) => {
    expect(await verify(received(), SECRET, { now: NOW })).toEqual(EVENT);
  });

  test("by the clock of the machine", async () => {
    const now = new Date(Math.floor(Date.now() / 1000) * 1000);

    expect(await verify(signed({ at: now }), SECRET)).toEqual(EVENT);
  });
});

test("the example of the specification is verified", async () => {
  const headers = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  };
  const now = new Date(1614265330_000);

  // It is signed and has no type.
  expect(await codeOf({ headers, body: '{"test": 2432232314}' }, SECRET, { now })).toBe("invalid_event");
  expect(await codeOf({ headers, body: '{"test": 2432232315}' }, SECRET, { now })).toBe("invalid_signature");
});

describe("while a secret is rotated", () => {
  const both = { ...signed().headers, "webhook-signature": `${signed({ secret: OTHER }).headers["webhook-signature"]} v1a,b2xk ${signed().headers["webhook-signature"]}` };

  test.each([SECRET, OTHER])("a message with the signatures of both is verified by each", async (secret) => {
    expect(await verify({ headers: both, body: BODY }, secret, { now: NOW })).toEqual(EVENT);
  });

  test("an app that knows both secrets verifies a message of each", async () => {
    for (const secret of [SECRET, OTHER]) {
      expect(await verify(signed({ secret }), [OTHER, SECRET], { now: NOW })).toEqual(EVENT);
    }
  });
});

describe("a message is refused", () => {
  test.each(["webhook-id", "webhook-timestamp", "webhook-signature"])("without the header %s", async (name) => {
    const { headers, body } = signed();

    expect(await codeOf({ headers: { ...headers, [name]: undefined }, body })).toBe("missing_header");
  });

  test.each([
    ["webhook-id", "another"],
    ["webhook-timestamp", String(NOW.getTime() / 1000 + 1)],
    ["webhook-signature", "v1,"],
    ["webhook-signature", "v1,!"],
    ["webhook-signature", "v1a,YWJj"],
    ["webhook-signature", signed().headers["webhook-signature"]!.replace("v1,", "v2,")],
    ["webhook-signature", signed().headers["webhook-signature"]!.replace("v1,", "")],
    ["webhook-signature", `${"v1,YWJj ".repeat(8)}${signed().headers["webhook-signature"]}`],
  ])("with another %s: %s", async (name, value) => {
    const { headers, body } = signed();

    expect(await codeOf({ headers: { ...headers, [name]: value }, body })).toBe("invalid_signature");
  });

  test("with another secret or another body", async () => {
    expect(await codeOf(signed(), OTHER)).toBe("invalid_signature");
    expect(await codeOf({ ...signed(), body: BODY.replace("i1", "i2") })).toBe("invalid_signature");
    expect(await codeOf({ ...signed(), body: "" })).toBe("invalid_signature");
  });

  test.each([301, -301])("%i seconds from its time, whose signature is right", async (seconds) => {
    const now = new Date(NOW.getTime() + seconds * 1000);

    expect(await codeOf(signed(), SECRET, { now })).toBe("invalid_timestamp");
    expect(await verify(signed(), SECRET, { now, toleranceSeconds: 301 })).toEqual(EVENT);
  });

  test.each(["", "soon", "1e9", "-1", "NaN", "1772366400.0", " 1772366400"])("with the time %j", async (time) => {
    const { headers, body } = signed();

    const code = await codeOf({ headers: { ...headers, "webhook-timestamp": time }, body });

    expect(code).toBe(time ? "invalid_timestamp" : "missing_header");
  });

  test.each(["", "null", "[1]", "no JSON", '"text"', '{"type": 1}'])("if %j is signed, which is no event", async (body) => {
    expect(await codeOf(signed({ body }))).toBe("invalid_event");
  });
});

describe("a mistake of the app is a TypeError", () => {
  test.each([undefined, "", "whsec_", "whsec_!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", [], ["x"]])("the secret %j", async (secret) => {
    await expect(verify(signed(), secret as unknown as string, { now: NOW })).rejects.toThrow(TypeError);
  });

  test("a body that was parsed", async () => {
    const parsed = { ...signed(), body: EVENT } as unknown as SignedMessage;

    await expect(verify(parsed, SECRET, { now: NOW })).rejects.toThrow("express.raw()");
  });
});
