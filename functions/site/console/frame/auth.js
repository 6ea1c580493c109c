// Who is signed in. The session lives in the tabs of this browser; renewal.js has how it goes on.
import { tell } from "../parts/events.js";
import { authorizationRequest, claimsOf, discovery, redeem, redirectUri } from "./oidc.js";
import { hasEndedSince, sessionOfAnotherTab, shareSession, tellEnded, tellRenewed } from "./session-sharing.js";
import { settings } from "./settings.js";

const SESSION = "image-store.session";
const BEGUN = "image-store.sign-in";
const PERSON = "image-store.person";
export const DRAFTS = "image-store.draft."; // what is typed in forms
const EARLY = 30_000; // ms before a token runs out it is used no more
const SHORT = 300_000; // ms that a token lasts that does not say it
const FRESH = 60_000; // ms in which a new token that is refused is not renewed again
const LEAD = 120_000; // ms before its end, at most, a session is renewed
const AGAIN = [2_000, 5_000, 15_000, 30_000]; // ms until an issuer that was not reached is asked again

let session = null;
let timer = 0;
let failures = 0;
let renewing = null;
let loadLate = null;
let isRunning = false; // whether a person may see, or have typed, something

/**
 * Take up the session of this tab, the one that a redirect of the issuer just brought, or that of another tab. `late`
 * loads by name what comes late.
 */
export async function takeUpSession(late) {
  loadLate = late;
  session = read(SESSION);
  if (session && hasEndedSince(session.since ?? Infinity)) forget();
  shareSession({ read: () => (accessToken() ? session : null), take: adopt, drop: () => session && left() });
  addEventListener("visibilitychange", schedule); // Timers of a tab that slept are late.
  addEventListener("online", schedule);
  const told = new URLSearchParams(location.search);
  if (!told.has("state")) {
    if (!accessToken() && canSignIn()) adopt(await sessionOfAnotherTab());
    if (session && !accessToken()) await goOn();
  } else await arrive(told);
  isRunning = true;
  schedule();
}

async function arrive(told) {
  const begun = read(BEGUN);
  sessionStorage.removeItem(BEGUN);
  history.replaceState(null, "", `/${begun?.from ?? ""}`);
  if (!begun || told.get("state") !== begun.state) throw new Error("This sign-in was not begun here. Sign in again.");
  keep(await redeem(told, begun));
}

/** Go to the issuer, and come back to the address that is shown now. */
export async function signIn() {
  const { url, ...begun } = await authorizationRequest();
  sessionStorage.setItem(BEGUN, JSON.stringify({ ...begun, from: location.hash }));
  location.assign(url);
}

/** Sign in again without leaving the page, in a small window. */
export async function signInAgain() {
  await (await loadLate("renewal")).signInBeside();
}

/** Forget the token in all tabs, and end the issuer's own session where it offers that. */
export async function signOut() {
  const ended = session;
  forget();
  dropDrafts();
  tellEnded();
  const document = await discovery().catch(() => ({}));
  if (ended?.refresh && document.revocation_endpoint) {
    const body = new URLSearchParams({ client_id: settings.client_id, token: ended.refresh });
    await fetch(document.revocation_endpoint, { method: "POST", body, keepalive: true }).catch(() => null);
  }
  if (!document.end_session_endpoint) return location.replace("/");
  const url = new URL(document.end_session_endpoint);
  url.searchParams.set("client_id", settings.client_id);
  url.searchParams.set("post_logout_redirect_uri", redirectUri());
  if (ended?.idToken) url.searchParams.set("id_token_hint", ended.idToken);
  return location.replace(url);
}

export const canSignIn = () => Boolean(settings.client_id);
/** Whether there is a session that goes on, though its token may have to be renewed first. */
export const isSignedIn = () => accessToken() !== null || Boolean(session?.refresh);
export const currentSession = () => session;

/** The token to call with; null for strangers, and once it has expired. */
export function accessToken() {
  if (!session || session.expires <= Date.now()) return null;
  return session.token;
}

/** The same, but a token that has expired is renewed first. An Error with status 0 if the issuer is not reached. */
export async function freshToken() {
  if (session && !accessToken()) await goOn({ isUrgent: true });
  return accessToken();
}

/** The store refused a token: whether it is worth calling again, with another one. */
export async function mayCallAgain(token) {
  if (!session || !token) return false;
  if (session.token !== token) return true;
  if (Date.now() - (session.since ?? 0) > FRESH) await goOn({ isUrgent: true });
  else endSession();
  return accessToken() !== null && session.token !== token;
}

/** Who is signed in: a name to show, and whether the token says admin. */
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

/** Take the tokens that the issuer gave, and hand them to the other tabs. */
export function keep(told) {
  // The gateway checks JWTs only: where the access token is none, the ID token stands in for it.
  const token = claimsOf(told.access_token) ? told.access_token : told.id_token;
  const left = timeLeft(claimsOf(token), told);
  hold({
    token,
    idToken: told.id_token ?? session?.idToken ?? null,
    refresh: told.refresh_token ?? session?.refresh ?? null,
    expires: Date.now() + left - Math.min(EARLY, left / 4),
    since: Date.now(),
  });
  tellRenewed(session);
}

/** How long a new token lasts, in milliseconds, also if the clock of this device is days ahead. */
function timeLeft(claims, told) {
  const life = claims?.iat ? (claims.exp - claims.iat) * 1000 : told.expires_in * 1000 || SHORT;
  const left = claims?.exp * 1000 - Date.now() || life;
  return left > life / 2 && left < life * 2 ? left : life;
}

/** Go on with a session that another tab has, and has perhaps renewed. */
export function adopt(other) {
  if (!other || (session && other.expires <= session.expires)) return;
  hold(other);
}

function hold(next) {
  const hadNone = session === null;
  session = next;
  sessionStorage.setItem(SESSION, JSON.stringify(session));
  failures = 0;
  const before = sessionStorage.getItem(PERSON);
  const { id } = person();
  sessionStorage.setItem(PERSON, id);
  if (before !== null && before !== id) {
    dropDrafts(); // They are somebody else's.
    if (isRunning) return location.reload();
  }
  schedule();
  if (isRunning) tell("session-begun", { hadNone });
}

/** Another tab has signed out. */
function left() {
  forget();
  dropDrafts();
  location.replace("/");
}

/** Renew the session a while before its end; what is late is done at once. */
function schedule() {
  clearTimeout(timer);
  if (!session) return;
  const left = session.expires - Date.now();
  const wait = failures ? AGAIN[Math.min(failures, AGAIN.length) - 1] : left - Math.min(LEAD, left / 4);
  timer = setTimeout(() => goOn().catch(() => null), Math.max(0, Math.min(wait, 2 ** 31 - 1)));
}

/**
 * Renew the session, once at a time. Where that takes a person, it is announced, and the session ends with its token.
 * If the issuer is not reached, it is asked again later; `isUrgent` tells with an Error.
 */
async function goOn({ isUrgent = false } = {}) {
  renewing ??= loadLate("renewal")
    .then((renewal) => renewal.renew())
    .finally(() => (renewing = null));
  let words;
  try {
    words = await renewing;
  } catch (error) {
    failures += 1;
    schedule();
    if (isUrgent) throw Object.assign(error, { status: 0, mayPass: true });
    return;
  }
  if (words === null || !session) return;
  const rest = session.expires - Date.now();
  if (rest <= 0 || isUrgent) return endSession(words);
  tell("session-ends", { words });
  clearTimeout(timer);
  timer = setTimeout(() => endSession(words), rest);
}

/** The store refused the token, and another one cannot be had; `words` say why. */
export function endSession(words = "") {
  if (!session) return;
  forget();
  tell("session-ended", { words });
}

function forget() {
  clearTimeout(timer);
  session = null;
  sessionStorage.removeItem(SESSION);
}

function dropDrafts() {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(DRAFTS)) sessionStorage.removeItem(name);
}

function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}
