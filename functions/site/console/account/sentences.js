// Events in plain words, and where each leads.
import { bytes, count, kindName, mediaType, money, providerName } from "../parts/format.js";

const FIELDS = {
  alt_text: "alternative text",
  expires_at: "expiry",
  cache_control: "caching",
  generation: "provenance",
};
const ITEMS = { succeeded: "was made", failed: "failed", cancelled: "was cancelled" };
const BUDGETS = { owner: "your budget", key: "the budget of an API key", deployment: "the budget of the store" };
const REASONS = {
  gone: "its address answered 410 Gone",
  failing: "every delivery has failed for five days",
};

const imageOf = ({ image_id: id }) => `#/images/${encodeURIComponent(id)}`;
const jobOf = ({ generation_id: id }) => `#/jobs/${encodeURIComponent(id)}`;

const SENTENCES = {
  "image.created": (data) => ({
    icon: data.kind === "generated" ? "generate" : "upload",
    text: `${kindName(data.kind)} stored`,
    more: `${mediaType(data.content_type)}, ${count(data.width)} × ${count(data.height)}, ${bytes(data.size_bytes)}`,
    href: imageOf(data),
  }),
  "image.updated": (data) => ({
    icon: "edit",
    text: `${sentence(listed(data.changed.map((name) => FIELDS[name] ?? name.replaceAll("_", " "))))} changed`,
    href: imageOf(data),
  }),
  "image.published": (data) => ({
    icon: "feed",
    text: data.visibility === "public" ? "Image made public" : "Image can be seen with its link",
    href: imageOf(data),
  }),
  "image.unpublished": (data) => ({ icon: "lock", text: "Public link ended", href: imageOf(data) }),
  "image.trashed": (data) => ({ icon: "trash", text: "Image moved to the trash", href: imageOf(data) }),
  "image.restored": (data) => ({ icon: "restore", text: "Image taken out of the trash", href: imageOf(data) }),
  "image.deleted": (data) => ({ icon: "trash", text: "Image deleted for good", more: data.image_id }),
  "generation.item_finished": (data) => ({
    icon: "generate",
    text: `Image ${data.index + 1} of a generation ${ITEMS[data.status] ?? data.status}`,
    more: [
      data.provider && [providerName(data.provider), data.model].filter(Boolean).join(" "),
      data.status === "succeeded" && money(data.cost_usd),
      data.error_code?.replaceAll("_", " "),
    ]
      .filter(Boolean)
      .join(", "),
    href: jobOf(data),
  }),
  "generation.finished": (data) => ({
    icon: "jobs",
    text: "Generation ended",
    more: [
      ...Object.entries(data.counts)
        .filter(([, number]) => number > 0)
        .map(([status, number]) => `${count(number)} ${status}`),
      money(data.cost_usd),
    ].join(", "),
    href: jobOf(data),
  }),
  "budget.reached": (data) => ({
    icon: "alert",
    text: `${data.percent} % of ${BUDGETS[data.budget] ?? "a budget"} is used`,
    more: `${money(data.committed_usd)} of ${money(data.limit_usd)} in ${data.period}`,
    href: "#/providers",
  }),
  "webhook.disabled": (data) => ({
    icon: "bell",
    text: "The store has disabled a webhook",
    more: REASONS[data.reason] ?? null,
    href: "#/webhooks",
  }),
  "cleanup.finished": () => ({ icon: "cleanup", text: "Cleanup ended", href: "#/cleanup" }),
};

/** What an event says: `{icon, text, more, href}`. A type that this page does not know is named as it is. */
export const sentenceOf = ({ type, data }) => SENTENCES[type]?.(data) ?? { icon: "info", text: type };

const listed = (names) => new Intl.ListFormat("en").format(names);
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
