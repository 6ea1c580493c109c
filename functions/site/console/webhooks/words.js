// States of webhooks and of their deliveries, in plain words.
import { atMoment, duration } from "../parts/format.js";

const REASONS = {
  by_owner: "Its owner has disabled it.",
  gone: "Its address has answered 410 Gone.",
  failing: "Every delivery has failed for five days.",
};
const ERRORS = {
  timeout: "No answer in time",
  unreachable: "Not reachable",
  tls: "Its certificate is not valid",
};
const STATUSES = {
  pending: ["running", "Pending"],
  delivered: ["succeeded", "Delivered"],
  failed: ["failed", "Failed"],
};
const UNITS = [
  ["second", 1],
  ["minute", 60],
  ["hour", 3600],
  ["day", 86_400],
];
const relative = new Intl.RelativeTimeFormat("en");

/** How a webhook is called in labels and messages. */
export const nameOf = (webhook) => webhook.description ?? webhook.url;

/** Whether a webhook works, as `{style, name, why}`; `why` is null while it works. */
export function stateOf({ enabled, disabled_reason: reason, failing_since: since }) {
  if (!enabled) return { style: "failed", name: "Disabled", why: REASONS[reason] ?? null };
  if (since) return { style: "degraded", name: "Failing", why: `Since ${atMoment(since)}.` };
  return { style: "ok", name: "Enabled", why: null };
}

/** The style and the name of a status of a delivery. */
export const statusOf = ({ status }) => STATUSES[status];

/** What came of an attempt: "Answer 204 after 12 ms". */
export function outcomeOf({ status, error, duration_ms: milliseconds }) {
  const what = status === null ? (ERRORS[error] ?? "No answer") : `Answer ${status}`;
  return `${what} after ${duration(milliseconds)}`;
}

/** When a delivery is tried next: "in 5 minutes"; "–" if it is not. */
export function nextAttemptOf({ next_attempt_at: at }, now = Date.now()) {
  if (!at) return "–";
  const seconds = Math.round((new Date(at) - now) / 1000);
  if (seconds <= 0) return "now";
  const [unit, size] = UNITS.findLast(([, least]) => seconds >= least);
  return relative.format(Math.round(seconds / size), unit);
}
