// Signs a person up at Better Auth with its own defaults, and prints the token and the key set that it publishes.

import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { jwt } from "better-auth/plugins";

const [origin, algorithm] = process.argv.slice(2);
const auth = betterAuth({
  baseURL: origin,
  secret: "only for this test, and longer than 32 characters",
  database: memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] }),
  emailAndPassword: { enabled: true },
  plugins: [jwt(algorithm ? { jwks: { keyPairConfig: { alg: algorithm } } } : {})],
  telemetry: { enabled: false },
});
const ask = (path, init = {}) => auth.handler(new Request(`${origin}/api/auth${path}`, init));

const signedUp = await ask("/sign-up/email", {
  method: "POST",
  headers: { "Content-Type": "application/json", Origin: origin },
  body: JSON.stringify({ email: "alice@example.com", password: "a long password", name: "Alice" }),
});
const { user } = await signedUp.json();
const cookie = signedUp.headers.getSetCookie().map((each) => each.split(";")[0]).join("; ");
const { token } = await (await ask("/token", { headers: { cookie } })).json();
const keys = await (await ask("/jwks")).json();
process.stdout.write(JSON.stringify({ user: user.id, token, keys }), () => process.exit(0));
