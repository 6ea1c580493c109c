// Tabs of one browser share a session: a new tab asks the others for it.
// Nothing is written where it would outlive them.

const ANSWER_WITHIN = 150; // ms; another tab answers in a few

const channel = "BroadcastChannel" in window ? new BroadcastChannel("image-store.session") : null;

/** The session of another tab of this browser; null when there is none. */
export function sessionOfAnotherTab() {
  if (!channel) return Promise.resolve(null);
  return new Promise((resolve) => {
    const end = (session) => {
      clearTimeout(timer);
      channel.removeEventListener("message", hear);
      resolve(session);
    };
    const hear = ({ data }) => data.session && end(data.session);
    const timer = setTimeout(() => end(null), ANSWER_WITHIN);
    channel.addEventListener("message", hear);
    channel.postMessage({ asks: true });
  });
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
export const tellEnded = () => channel?.postMessage({ ended: true });
