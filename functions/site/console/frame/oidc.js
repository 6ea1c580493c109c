// OpenID Connect: the requests of the authorization code flow with PKCE.
import { settings } from "./settings.js";

let discovered = null;

/** What the issuer says of itself. */
export async function discovery() {
  if (!discovered) {
    const answer = await fetch(`${settings.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`).catch(
      () => null,
    );
    if (!answer?.ok) throw unreachable();
    discovered = await answer.json();
  }
  return discovered;
}

/** A request for a code: its address, and what must be kept to redeem the answer. `further` are more parameters. */
export async function authorizationRequest({ state = random(), further = {} } = {}) {
  const { authorization_endpoint: endpoint } = await discovery();
  const begun = { verifier: random(), state, nonce: random() };
  const url = new URL(endpoint);
  const sent = {
    response_type: "code",
    client_id: settings.client_id,
    redirect_uri: redirectUri(),
    scope: settings.scopes,
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: await challenge(begun.verifier),
    code_challenge_method: "S256",
    audience: settings.audience, // Auth0 makes a JWT only for a named audience; others ignore it
    ...further,
  };
  for (const [name, value] of Object.entries(sent)) url.searchParams.set(name, value);
  return { ...begun, url: url.href };
}

/** The tokens for the code in an answer of the issuer; an Error whose `code` is the issuer's if it refused. */
export async function redeem(answer, begun) {
  const refused = answer.get("error");
  if (refused)
    throw Object.assign(new Error(answer.get("error_description") || "Signing in was refused."), { code: refused });
  const told = await tokens({
    grant_type: "authorization_code",
    code: answer.get("code"),
    redirect_uri: redirectUri(),
    code_verifier: begun.verifier,
  });
  if (told.id_token && claimsOf(told.id_token)?.nonce !== begun.nonce)
    throw new Error("Signing in did not work. Try it again.");
  return told;
}

/** Ask for tokens. Whether it may work later is in `mayPass` of the error. */
export async function tokens(sent) {
  const { token_endpoint: endpoint } = await discovery();
  const answer = await fetch(endpoint, {
    method: "POST",
    body: new URLSearchParams({ client_id: settings.client_id, ...sent }),
  }).catch(() => null);
  if (!answer || answer.status === 429 || answer.status >= 500) throw unreachable();
  if (!answer.ok) throw new Error("Signing in did not work. Try it again.");
  return answer.json();
}

const unreachable = () =>
  Object.assign(new Error("The place to sign in cannot be reached. Try it again shortly."), {
    status: 0,
    mayPass: true,
  });

/** What a token says; null where it is not readable. */
export function claimsOf(token) {
  try {
    const [, payload] = token.split(".");
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (character) =>
      character.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

export const redirectUri = () => `${location.origin}/`;
export const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const challenge = async (verifier) =>
  base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
