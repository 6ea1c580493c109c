// Tabs of one browser share a session: a new tab asks the others for it, and hears when it is renewed or ended.
// No token is written where it would outlive them.

const ANSWER_WITHIN = 150; // ms; another tab answers in a few
const TAKEN_WITHIN = 2000; // ms
const ENDED = "image-store.signed-out"; // when somebody signed out in this browser
const AWAY = "away."; // the state of a sign-in that happens in a hidden frame or a small window

const channel = "BroadcastChannel" in window ? new BroadcastChannel("image-store.session") : null;

/** The session of another tab of this browser that lasts longer than until `after`; null when there is none. */
export function sessionOfAnotherTab(after = 0) {
  return heard((data) => data.session?.expires > after && data.session, { asks: true }, ANSWER_WITHIN);
}

/** Answer tabs that ask; `read()` is this tab's session, `take(session)` adopts a renewed one, `drop()` ends it. */
export function shareSession({ read, take, drop }) {
  channel?.addEventListener("message", ({ data }) => {
    if (data.asks && read()) channel.postMessage({ session: read() });
    else if (data.renewed) take(data.renewed);
    else if (data.ended) drop();
  });
}

export const tellRenewed = (session) => channel?.postMessage({ renewed: session });

/** Sign out everywhere. A tab that sleeps, or that comes back later, finds the moment instead of the message. */
export function tellEnded() {
  channel?.postMessage({ ended: true });
  try {
    localStorage.setItem(ENDED, String(Date.now()));
  } catch {
    // Storage is blocked: tabs that are awake have heard it.
  }
}

/** Whether somebody has signed out in this browser since a moment. */
export function hasEndedSince(moment) {
  try {
    return Number(localStorage.getItem(ENDED) ?? -1) >= moment;
  } catch {
    return false;
  }
}

/** A state for a sign-in that does not leave the page. */
export const awayState = (random) => AWAY + random;

/**
 * Whether this page is the end of such a sign-in. It hands the answer to the page that began it. `show(text)` is called
 * in a window that stays.
 */
export function handedOver(show) {
  const state = new URLSearchParams(location.search).get("state");
  if (!state?.startsWith(AWAY)) return window !== parent;
  const answer = location.search;
  history.replaceState(null, "", "/");
  heard((data) => data.taken === state, { answer, state }, TAKEN_WITHIN).then((isTaken) => {
    if (window !== parent) return;
    show(
      isTaken ? "You are signed in. Close this window." : "The page that asked for this is gone. Close this window.",
    );
    window.close();
  });
  return true;
}

/** The issuer's answer to a sign-in of that kind, as parameters; waits until `signal` ends it, then null. */
export async function answerTo(state, signal) {
  const answer = await heard((data) => data.state === state && data.answer, null, null, signal);
  if (!answer) return null;
  channel.postMessage({ taken: state });
  return new URLSearchParams(answer);
}

/** What `pick` finds in a message of another page; null after `within` milliseconds, or when `signal` ends it. */
function heard(pick, message, within, signal) {
  if (!channel) return Promise.resolve(null);
  return new Promise((resolve) => {
    const end = (found) => {
      clearTimeout(timer);
      channel.removeEventListener("message", hear);
      resolve(found);
    };
    const hear = ({ data }) => {
      const found = pick(data);
      if (found) end(found);
    };
    const timer = within && setTimeout(() => end(null), within);
    signal?.addEventListener("abort", () => end(null), { once: true });
    channel.addEventListener("message", hear);
    if (message) channel.postMessage(message);
  });
}
