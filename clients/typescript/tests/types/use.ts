// The compiler checks this file and nothing runs it: what is right compiles, and each wrong line must not.
import { createImageStore, ImageStoreError, type Card, type FeedCard, type FinishedJob, type Image } from "../../src/index";

const store = createImageStore({ url: "https://images.example.com", key: "isk_1" });

export async function rightUse(): Promise<void> {
  const image: Image = await store.images.get("1");
  const first: string | undefined = image.tags[0];
  for await (const card of store.images.list({ kind: "upload", order: "asc" })) card satisfies Card;
  const cards: FeedCard[] = await store.feed().toArray({ limit: 10 });
  const job: FinishedJob = await store.generate({ items: [{ prompt: "a cat", quality: "high" }], provider: "openai" });
  const hidden: string[] = (await store.images.search("cat").page()).not_searched;
  store.as("alice").images.update("1", ({ tags }) => ({ tags: [...tags, "new"], title: null }));
  console.log(first, cards, job, hidden);
}

export function handleError(error: unknown): string {
  if (!(error instanceof ImageStoreError)) throw error;
  if (error.code === "quota_exceeded") return `again in ${error.retryAfter ?? 60} s`;
  // @ts-expect-error: no such code
  return error.code === "no_such_code" ? "" : error.detail;
}

export async function wrongUse(): Promise<void> {
  // @ts-expect-error: a key and a token
  createImageStore({ url: "https://images.example.com", key: "isk_1", token: "jwt" });
  // @ts-expect-error: no address
  createImageStore({ key: "isk_1" });
  // @ts-expect-error: a filter that does not exist
  store.images.list({ tags: "a" });
  // @ts-expect-error: a value that does not exist
  store.images.list({ order: "sideways" });
  // @ts-expect-error: the list itself has the cursor
  store.images.list({ cursor: "c1" });
  // @ts-expect-error: an attribute that does not exist
  await store.images.update("1", { visibilty: "public" });
  // @ts-expect-error: a value that does not exist
  await store.images.update("1", { visibility: "secret" });
  // @ts-expect-error: nothing says what to share
  await store.share({ name: "One" });
  // @ts-expect-error: a list without a limit may be endless
  await store.images.list().toArray();
  // @ts-expect-error: a provider that does not exist
  await store.generate({ items: [{ prompt: "a cat" }], provider: "nobody" });
  // @ts-expect-error: the API's names are in snake_case
  await store.uploadTokens.create({ maxImages: 2 });
  // @ts-expect-error: a scope that does not exist
  await store.keys.create({ name: "one", scopes: ["images:all"] });
  // @ts-expect-error: the address of an image needs an image
  (await store.share({ all: true })).src();
  // @ts-expect-error: a field that does not exist
  (await store.images.get("1")).contentType;
}
