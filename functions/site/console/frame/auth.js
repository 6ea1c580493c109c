// Signing in: OpenID Connect's authorization code flow with PKCE.
// The token lives in the sessions of this browser's tabs.
import { tell } from "../parts/events.js";
import { sessionOfAnotherTab, shareSession, tellEnded, tellRenewed } from "./session-sharing.js";
import { settings } from "./settings.js";

const SESSION = "image-store.session";
const BEGUN = "image-store.sign-in";
const EARLY_SECONDS = 30;

let session = null;
let renewal = 0;
let discovered = null;

/** Take up the session of this tab, the one that a redirect of the issuer just brought, or that of another tab. */
export async function takeUpSession() {
  session = read(SESSION);
  shareSession({ read: () => (isSignedIn() ? session : null), take: adopt, drop: () => session && left() });
  const told = new URLSearchParams(location.search);
  if (!told.has("state")) {
    if (!isSignedIn() && canSignIn()) adopt(await sessionOfAnotherTab());
    return;
  }
  const begun = read(BEGUN);
  sessionStorage.removeItem(BEGUN);
  history.replaceState(null, "", `/${begun?.from ?? ""}`);
  if (!begun || told.get("state") !== begun.state) throw new Error("This sign-in was not begun here. Sign in again.");
  if (told.has("error")) throw new Error(told.get("error_description") || "Signing in was refused.");
  keep(
    await tokens({
      grant_type: "authorization_code",
      code: told.get("code"),
      redirect_uri: redirectUri(),
      code_verifier: begun.verifier,
    }),
    begun.nonce,
  );
}

/** Go to the issuer, and come back to the address that is shown now. */
export async function signIn() {
  const { authorization_endpoint: endpoint } = await discovery();
  const begun = { verifier: random(), state: random(), nonce: random(), from: location.hash };
  sessionStorage.setItem(BEGUN, JSON.stringify(begun));
  const url = new URL(endpoint);
  const asked = {
    response_type: "code",
    client_id: settings.client_id,
    redirect_uri: redirectUri(),
    scope: settings.scopes,
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: await challenge(begun.verifier),
    code_challenge_method: "S256",
    audience: settings.audience, // Auth0 makes a JWT only for a named audience; others ignore it
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  location.assign(url);
}

/** Forget the token, and end the issuer's own session where it offers that. */
export async function signOut() {
  const ended = session;
  forget();
  tellEnded();
  const endpoint = await discovery().then(
    (document) => document.end_session_endpoint,
    () => null,
  );
  if (!endpoint) return location.replace("/");
  const url = new URL(endpoint);
  url.searchParams.set("client_id", settings.client_id);
  url.searchParams.set("post_logout_redirect_uri", redirectUri());
  if (ended?.idToken) url.searchParams.set("id_token_hint", ended.idToken);
  return location.replace(url);
}

export const canSignIn = () => Boolean(settings.client_id);
export const isSignedIn = () => accessToken() !== null;

/** The token to call with; null for strangers, and once it has expired. */
export function accessToken() {
  if (!session || session.expires <= Date.now()) return null;
  return session.token;
}

/** Who is signed in: an id, a name to show, and whether the token says admin. */
export function person() {
  const claims = claimsOf(session?.idToken) ?? {};
  const access = claimsOf(session?.token) ?? {};
  const scopes = String(access.scope ?? access.scp ?? "").split(/[ ,]/);
  return {
    id: access.sub ?? claims.sub ?? "",
    name: claims.name || claims.preferred_username || claims.email || access.sub || "somebody",
    isAdmin: scopes.includes(settings.admin_scope),
  };
}

/** Called when the store refused the token. */
export function sessionEnded() {
  if (!session) return;
  forget();
  tell("session-ended");
}

async function discovery() {
  if (!discovered) {
    const answer = await fetch(`${settings.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`).catch(
      () => null,
    );
    if (!answer?.ok) throw new Error("The place to sign in cannot be reached. Try it again shortly.");
    discovered = await answer.json();
  }
  return discovered;
}

async function tokens(asked) {
  const { token_endpoint: endpoint } = await discovery();
  const answer = await fetch(endpoint, {
    method: "POST",
    body: new URLSearchParams({ client_id: settings.client_id, ...asked }),
  }).catch(() => null);
  if (!answer?.ok) throw new Error("Signing in did not work. Try it again.");
  return answer.json();
}

function keep(told, nonce) {
  if (nonce && told.id_token && claimsOf(told.id_token)?.nonce !== nonce)
    throw new Error("Signing in did not work. Try it again.");
  // The gateway checks JWTs only: where the access token is none, the ID token stands in for it.
  const token = claimsOf(told.access_token) ? told.access_token : told.id_token;
  const ends = claimsOf(token)?.exp * 1000 || Date.now() + (told.expires_in ?? 300) * 1000;
  session = {
    token,
    idToken: told.id_token ?? null,
    refresh: told.refresh_token ?? session?.refresh ?? null,
    expires: ends - EARLY_SECONDS * 1000,
  };
  sessionStorage.setItem(SESSION, JSON.stringify(session));
  tellRenewed(session);
  renewInTime();
}

/** Go on with a session that another tab has, and has perhaps renewed. */
function adopt(other) {
  if (!other || (session && other.expires <= session.expires)) return;
  session = other;
  sessionStorage.setItem(SESSION, JSON.stringify(session));
  renewInTime();
}

/** Another tab has signed out. */
function left() {
  forget();
  location.replace("/");
}

/** With a refresh token the session goes on; without one it ends when the token does, and says so. */
export function renewInTime() {
  clearTimeout(renewal);
  if (!session) return;
  const left = Math.max(0, session.expires - Date.now());
  // A refresh token is good once: of several tabs one renews, and the others take what it got.
  renewal = setTimeout(() => navigator.locks.request("image-store.renewal", renew), Math.min(left, 2 ** 31 - 1));
}

async function renew() {
  await new Promise((resolve) => setTimeout(resolve)); // what another tab has told is heard first
  if (!session || session.expires > Date.now()) return;
  if (!session.refresh) return sessionEnded();
  await tokens({ grant_type: "refresh_token", refresh_token: session.refresh }).then(keep, sessionEnded);
}

function forget() {
  session = null;
  sessionStorage.removeItem(SESSION);
}

function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}

function claimsOf(token) {
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

const redirectUri = () => `${location.origin}/`;
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const challenge = async (verifier) =>
  base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
