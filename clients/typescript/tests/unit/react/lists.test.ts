import { expect, test } from "vitest";
import { createList } from "../../../src/react/lists";
import { aMoment, follow, storeWith, until } from "./follow";
import { card, image } from "./images";
import { problem, type Reply } from "../../server";

const page = (ids: string[], next_cursor: string | null): Reply => ({
  status: 200,
  json: { items: ids.map((id) => card({ id })), next_cursor },
});

async function listOf(...replies: Reply[]) {
  const { store, server } = await storeWith(...replies);
  return { list: createList((options) => store.images.list({ tag: "fox" }, options)), server };
}

const ids = (images: readonly { id: string }[]) => images.map(({ id }) => id);

test("pages follow each other until the end, also behind an empty page", async () => {
  const { list, server } = await listOf(page(["a"], "c1"), page([], "c2"), page(["b"], null));
  follow(list);
  const first = await until(list, ({ isLoading }) => !isLoading);

  list.loadMore();
  const all = await until(list, ({ images }) => images.length === 2);
  list.loadMore();
  await aMoment();

  expect([ids(first.images), first.hasMore]).toEqual([["a"], true]);
  expect([ids(all.images), all.hasMore]).toEqual([["a", "b"], false]);
  expect(server.seen.map(({ path }) => path)).toEqual([
    "/v1/images?tag=fox",
    "/v1/images?tag=fox&cursor=c1",
    "/v1/images?tag=fox&cursor=c2",
  ]);
});

test("a refresh loads as many images as there were, which stay until all have arrived", async () => {
  const refreshed = [page(["new", "a"], "c3"), page([], "c4"), page(["b", "c"], "c5")];
  const { list, server } = await listOf(page(["a", "b"], "c1"), page(["c"], "c2"), ...refreshed, page(["d"], null));
  follow(list);
  await until(list, ({ images }) => images.length === 2);
  list.loadMore();
  await until(list, ({ images }) => images.length === 3);
  const seen: string[] = [];
  list.subscribe(() => seen.push(ids(list.get().images).join()));

  list.refresh();
  const after = await until(list, ({ isLoading }) => !isLoading);
  list.loadMore();
  const more = await until(list, ({ isLoading }) => !isLoading);

  expect(new Set(seen)).toEqual(new Set(["a,b,c", "new,a,b,c", "new,a,b,c,d"]));
  expect([ids(after.images), after.hasMore]).toEqual([["new", "a", "b", "c"], true]);
  expect(more.hasMore).toBe(false);
  expect(server.seen.slice(2).map(({ path }) => path.split("cursor=")[1])).toEqual([undefined, "c3", "c4", "c5"]);
});

test("a refresh of an empty list finds the first image", async () => {
  const { list } = await listOf(page([], null), page([], "c1"), page(["new"], null));
  follow(list);
  await until(list, ({ isLoading }) => !isLoading);

  list.refresh();
  const after = await until(list, ({ isLoading }) => !isLoading);

  expect(ids(after.images)).toEqual(["new"]);
});

test("a refresh that failed keeps the images, and is repeated by the next request", async () => {
  const replies = [page(["a"], "c1"), problem(500, "internal_error"), page(["new", "a"], "c2")];
  const { list, server } = await listOf(...replies);
  follow(list);
  await until(list, ({ images }) => images.length === 1);
  list.refresh();
  const failed = await until(list, ({ error }) => error !== undefined);

  list.loadMore();
  const after = await until(list, ({ isLoading }) => !isLoading);

  expect([ids(failed.images), failed.hasMore]).toEqual([["a"], true]);
  expect([ids(after.images), after.error]).toEqual([["new", "a"], undefined]);
  expect(server.seen.map(({ path }) => path)).toEqual(Array(3).fill("/v1/images?tag=fox"));
});

test("an image of the list is changed or taken off without a request", async () => {
  const { list, server } = await listOf(page(["a", "b"], null));
  follow(list);
  await until(list, ({ isLoading }) => !isLoading);

  list.update(image({ id: "a", title: "New" }));
  list.remove("b");

  expect(list.get().images).toMatchObject([{ id: "a", title: "New", thumb_url: card().thumb_url }]);
  expect(server.seen).toHaveLength(1);
});

test("what was changed while a request ran stays changed, because its answer may be older", async () => {
  const { list } = await listOf(page(["a", "b"], "c1"), page(["a", "b"], "c1"), page(["c", "d"], null));
  follow(list);
  await until(list, ({ isLoading }) => !isLoading);
  const change = (removed: string, changed: string) => {
    list.remove(removed);
    list.update({ id: changed, title: "New" });
  };

  list.refresh();
  change("a", "b");
  const refreshed = await until(list, ({ isLoading }) => !isLoading);
  list.loadMore();
  change("b", "d");
  const more = await until(list, ({ isLoading }) => !isLoading);

  expect(refreshed.images).toMatchObject([{ id: "b", title: "New" }]);
  expect(ids(more.images)).toEqual(["c", "d"]);
  expect(more.images[1]).toMatchObject({ title: "New" });
});

test("an error is kept until the next request, which continues where the list was", async () => {
  const { list, server } = await listOf(page(["a"], "c1"), problem(500, "internal_error"), page(["b"], null));
  follow(list);
  await until(list, ({ isLoading }) => !isLoading);
  list.loadMore();
  const failed = await until(list, ({ error }) => error !== undefined);

  list.loadMore();
  const all = await until(list, ({ isLoading }) => !isLoading);

  expect(failed).toMatchObject({ isLoading: false, hasMore: true, error: { code: "internal_error" } });
  expect([ids(all.images), all.error]).toEqual([["a", "b"], undefined]);
  expect(server.seen).toHaveLength(3);
});

test("after a failed first page there are no more images to offer, and the page can be loaded again", async () => {
  const { list, server } = await listOf(problem(500, "internal_error"), page(["a"], "c1"));
  follow(list);
  const failed = await until(list, ({ isLoading }) => !isLoading);

  list.loadMore();
  const first = await until(list, ({ isLoading }) => !isLoading);

  expect(failed).toMatchObject({ images: [], hasMore: false, error: { code: "internal_error" } });
  expect([ids(first.images), first.hasMore, first.error]).toEqual([["a"], true, undefined]);
  expect(server.seen).toHaveLength(2);
});

test("a list that nobody follows any more ends its request, and loads when it is followed again", async () => {
  const { list, server } = await listOf("silence", page(["a"], null));
  const unfollow = follow(list);
  await until(list, () => server.seen.length === 1);

  unfollow();
  await aMoment();
  const left = list.get();
  follow(list);
  const back = await until(list, ({ isLoading }) => !isLoading);

  expect(left).toMatchObject({ images: [], isLoading: true, error: undefined });
  expect(ids(back.images)).toEqual(["a"]);
});

test("a first page of a server is not requested again", async () => {
  const { store, server } = await storeWith(page(["b"], null));
  const list = createList((options) => store.images.list({}, options), { items: [card()], next_cursor: "c1" });
  follow(list);
  await aMoment();
  const first = list.get();

  list.loadMore();
  const all = await until(list, ({ hasMore }) => !hasMore);

  expect([ids(first.images), first.isLoading]).toEqual([["img1"], false]);
  expect(ids(all.images)).toEqual(["img1", "b"]);
  expect(server.seen.map(({ path }) => path)).toEqual(["/v1/images?cursor=c1"]);
});
