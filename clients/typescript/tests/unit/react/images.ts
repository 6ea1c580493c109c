import type { Card, FeedCard, Image, Job } from "../../../src/api/types";

const PLACEHOLDER = { blurhash: "LEHV6nWB2yk8pyo0adR*.7kCMdnj", color: "#8a7f70" };

export const presigned = (name: string, { signedAt = "20300101T100000Z", seconds = 3600 } = {}) =>
  `https://storage.example/${name}?X-Amz-Algorithm=AWS4&X-Amz-Date=${signedAt}&X-Amz-Expires=${seconds}&X-Amz-Signature=s`;

const rendition = (name: string, width: number, height: number) => ({
  url: presigned(name),
  content_type: "image/jpeg",
  width,
  height,
  size_bytes: 1,
});

/** A private image of 1600 × 1200 in a list. */
export function card(changes: Partial<Card> = {}): Card {
  return {
    id: "img1",
    kind: "upload",
    visibility: "private",
    filename: "fox.jpg",
    content_type: "image/jpeg",
    size_bytes: 1,
    width: 1600,
    height: 1200,
    alt_text: "A fox in the snow",
    placeholder: PLACEHOLDER,
    thumb_url: presigned("thumb"),
    created_at: "2030-01-01T10:00:00Z",
    ...changes,
  };
}

export const renditions = { thumb: rendition("thumb", 300, 300), display: rendition("display", 1600, 1200) };

/** The same image as the feed shows it. */
export function feedCard(): FeedCard {
  return { ...card(), public_url: "https://store.example/i/link" };
}

/** The same image with all that its owner sees. */
export function image(changes: Partial<Image> = {}): Image {
  return {
    ...card(),
    owner_id: "alice",
    status: "ready",
    restorable_until: null,
    sha256: "0".repeat(64),
    title: "Fox",
    alt_text_source: "given",
    category: null,
    tags: [],
    rating: null,
    groups: {},
    generation: null,
    analysis: null,
    metadata: {},
    cache_control: null,
    url: "https://store.example/v1/images/img1",
    public_url: null,
    renditions,
    updated_at: "2030-01-01T10:00:00Z",
    expires_at: null,
    warnings: [],
    ...changes,
  };
}

/** A job of two images; `done` of them are ready. */
export function job(status: Job["status"], done: number): Job {
  const items = [0, 1].map((index) => ({
    index,
    request_index: 0,
    prompt: "A fox",
    status: index < done ? ("succeeded" as const) : ("running" as const),
    provider: null,
    model: null,
    attempts: 1,
    duration_ms: null,
    cost_usd: null,
    image_id: index < done ? `img${index}` : null,
    error: null,
    request: null,
  }));
  return {
    id: "job1",
    status,
    progress: { total: 2, queued: 0, running: 2 - done, succeeded: done, failed: 0, cancelled: 0 },
    cost_usd: null,
    provider: null,
    model: null,
    prompt: "A fox",
    image_id: null,
    created_at: "2030-01-01T10:00:00Z",
    updated_at: "2030-01-01T10:00:00Z",
    items,
  };
}
