// How a session goes on: by its refresh token, by a hidden frame, or in a small window. It comes when it is needed.
import { h } from "../parts/dom.js";
import { adopt, currentSession, keep, signIn } from "./auth.js";
import { authorizationRequest, claimsOf, random, redeem, tokens } from "./oidc.js";
import { answerTo, awayState, sessionOfAnotherTab } from "./session-sharing.js";

const LOCK = "image-store.renewal";
const FRAME_WITHIN = 8_000; // ms in which an issuer answers in the background
const WINDOW = "popup,width=480,height=720";
const WHY = {
  login_required:
    "It could not be renewed by itself: the browser keeps the cookies of the place to sign in apart, or you are " +
    "signed out there.",
  slow: "It could not be renewed by itself: the place to sign in does not answer in the background.",
  another: "Somebody else has signed in at the place to sign in.",
};

/**
 * Renew the session. Answers null if it goes on, and else, in words, why that takes a person. An Error if the issuer is
 * not reached. A refresh token is good once, so of several tabs one renews at a time, and the others take what it got.
 */
export function renew() {
  const before = currentSession();
  const attempt = async () => {
    adopt(await sessionOfAnotherTab(before?.expires));
    if (!currentSession() || currentSession() !== before) return null;
    return before.refresh && (await byRefreshToken(before)) ? null : inTheBackground(before);
  };
  return navigator.locks ? navigator.locks.request(LOCK, attempt) : attempt();
}

/** Whether it worked. The issuer refuses a token that was revoked, or whose successor was lost on its way. */
async function byRefreshToken({ refresh }) {
  try {
    keep(await tokens({ grant_type: "refresh_token", refresh_token: refresh }));
    return true;
  } catch (error) {
    if (error.mayPass) throw error;
    return false;
  }
}

/** Ask the issuer in a hidden frame. It knows the person by its cookies, if the browser lets it have them there. */
async function inTheBackground(before) {
  const hint = before.idToken ? { id_token_hint: before.idToken } : {};
  const { url, ...begun } = await authorizationRequest({
    state: awayState(random()),
    further: { prompt: "none", ...hint },
  });
  const frame = h("iframe", { src: url, hidden: true, title: "Renewal of the session" });
  const answered = answerTo(begun.state, AbortSignal.timeout(FRAME_WITHIN));
  document.body.append(frame);
  try {
    const answer = await answered;
    if (!answer) return WHY.slow;
    const told = await redeem(answer, begun);
    if (subjectOf(told.id_token ?? told.access_token) !== subjectOf(before.idToken ?? before.token))
      return WHY.another;
    keep(told);
    return null;
  } catch (error) {
    if (error.mayPass) throw error;
    return WHY[error.code] ?? error.message;
  } finally {
    frame.remove();
  }
}

const subjectOf = (token) => claimsOf(token)?.sub;

let waiting = null;

/** Sign in in a small window, so that this page stays as it is. Where none opens, the page itself goes there. */
export async function signInBeside() {
  const beside = open("about:blank", "", WINDOW); // at once: later it would not be by a click
  if (!beside) return signIn();
  waiting?.abort();
  waiting = new AbortController();
  const { signal } = waiting;
  const { url, ...begun } = await authorizationRequest({ state: awayState(random()) });
  const answered = answerTo(begun.state, signal);
  beside.location.replace(url);
  const answer = await answered;
  if (answer) keep(await redeem(answer, begun));
}
