import { expect, test } from "vitest";
import { createList } from "../../../src/react/lists";
import { aMoment, follow, storeWith, until } from "./follow";
import { card } from "./images";
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

test("a refresh keeps the images until the first page has arrived, and replaces them", async () => {
  const { list } = await listOf(page(["a"], "c1"), page(["b"], null), page(["new"], null));
  follow(list);
  await until(list, ({ images }) => images.length === 1);
  list.loadMore();
  await until(list, ({ images }) => images.length === 2);

  list.refresh();
  const meanwhile = list.get();
  const after = await until(list, ({ isLoading }) => !isLoading);

  expect([ids(meanwhile.images), meanwhile.isLoading]).toEqual([["a", "b"], true]);
  expect(ids(after.images)).toEqual(["new"]);
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
