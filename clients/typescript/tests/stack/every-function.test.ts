import { afterAll, describe, expect, test } from "vitest";
import { createImageStore, ImageStoreError, type Image } from "../../src/index";
import { called, documentedRoutes, functionsOf, recordingBatches, recordingGroups, recordingStore, recordingWebhooks } from "./calls";
import { adminToken, apiUrl, largePicture, ownerToken, pictureOf } from "./stack";

const store = recordingStore(ownerToken);
const admin = recordingStore(adminToken);
const webhooks = recordingWebhooks(ownerToken);
const batches = recordingBatches(ownerToken);
const { groups, tags } = recordingGroups(ownerToken);

/** Routes that the client does not call, and why. */
const UNUSED_ROUTES = [
  "POST /v1/images/batch", // uploadMany sends each image by itself, so that one failure repeats one image
  "HEAD /v1/images/{image_id}/content", // exists() asks for the record
  "GET /v1/admin/migrations/{migration_id}/content", // a link for people who look at a report
  "GET /v1/health", // for monitors
];

async function errorOf(promise: Promise<unknown>): Promise<ImageStoreError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ImageStoreError);
  return error as ImageStoreError;
}

async function stored(number: number, attributes: Parameters<typeof store.upload>[1] = {}): Promise<Image> {
  return store.upload(pictureOf(number), attributes);
}

afterAll(() => {
  const parts = { webhooks, batches, groups, tags };
  const functions = [...functionsOf(store), ...functionsOf(parts)];
  expect(functions.filter((name) => !called.functions.has(name))).toEqual([]);
  expect(new Set(documentedRoutes().filter((route) => !called.routes.has(route)))).toEqual(new Set(UNUSED_ROUTES));
});

describe("images", () => {
  test("an uploaded image is found by its id, downloaded, changed, deleted and restored", async () => {
    const image = await stored(1, { title: "Cat", tags: ["pet"] });

    const found = await store.images.get(image.id);
    const original = await store.images.bytes(image.id);
    const thumb = await store.images.bytes(image.id, { preset: "thumb" });
    const changed = await store.images.update(image.id, { title: null, visibility: "public" });
    await store.images.delete(image.id);
    const trashed = await store.images.get(image.id);
    const restored = await store.images.restore(image.id);

    expect(found).toMatchObject({ id: image.id, title: "Cat", tags: ["pet"] });
    expect(await original.arrayBuffer()).toEqual(await pictureOf(1).arrayBuffer());
    expect(thumb.size).toBeGreaterThan(0);
    expect(changed).toMatchObject({ title: null, tags: ["pet"] });
    expect(changed.public_url).toContain("/i/");
    expect(trashed.status).toBe("trashed");
    expect(restored.status).toBe("ready");
  });

  test("a large image goes directly to storage", async () => {
    const phases = new Set<string>();

    const image = await store.upload(largePicture(), {}, { onProgress: ({ phase }) => phases.add(phase) });

    expect(image.size_bytes).toBe(largePicture().size);
    expect(phases).toEqual(new Set(["hashing", "sending", "finishing"]));
  });

  test("an update by a function loses no change of others", async () => {
    const image = await stored(2, { tags: ["one"] });
    let runs = 0;

    const addTag = store.images.update(image.id, (current) => {
      runs += 1;
      return { tags: [...current.tags, "three"] };
    });
    await store.images.update(image.id, (current) => ({ tags: [...current.tags, "two"] }));
    const changed = await addTag;

    const { tags } = await store.images.get(image.id);
    expect(new Set(tags)).toEqual(new Set(["one", "two", "three"]));
    expect(changed.tags).toContain("three");
    expect(runs).toBeGreaterThanOrEqual(1);
  });

  test("an image that was deleted for good does not exist", async () => {
    const image = await stored(3);

    const before = await store.images.exists(image.id);
    await store.images.delete(image.id, { permanent: true });

    expect([before, await store.images.exists(image.id)]).toEqual([true, false]);
    expect((await errorOf(store.images.get(image.id))).code).toBe("image_not_found");
  });

  test("many images are deleted by their ids or their group", async () => {
    const [one, two] = [await stored(4), await stored(5, { groups: { set: ["s1"] } })];

    const byIds = await store.images.deleteMany([one.id, "no-such-image"]);
    const byGroup = await store.images.deleteMany({ group: "set:s1" }, { permanent: true });

    expect(byIds.successful).toEqual([one.id]);
    expect(byIds.failed).toMatchObject([{ id: "no-such-image", error: { code: "image_not_found" } }]);
    expect(byGroup).toEqual({ successful: [two.id], failed: [] });
  });

  test("many images are changed and restored by their ids", async () => {
    const [one, two] = [await stored(21, { tags: ["a"] }), await stored(22, { tags: ["a", "b"] })];

    const changed = await batches.update([one.id, two.id, "no-such-image"], {
      add_tags: ["c"],
      remove_tags: ["a"],
      add_groups: ["set:s2"],
      visibility: "unlisted",
    });
    const images = [await store.images.get(one.id), await store.images.get(two.id)];
    await store.images.deleteMany([one.id, two.id]);
    const restored = await batches.restore([one.id, two.id]);
    const byAnother = batches.as("somebody else").update([one.id], { category: "theirs" });

    expect(changed.successful).toEqual([one.id, two.id]);
    expect(changed.failed).toMatchObject([{ id: "no-such-image", error: { code: "image_not_found" } }]);
    expect(images.map(({ tags }) => tags)).toEqual([["c"], ["b", "c"]]);
    expect(images.map(({ groups, visibility }) => [groups, visibility])).toEqual(Array(2).fill([{ set: ["s2"] }, "unlisted"]));
    expect(restored).toEqual({ successful: [one.id, two.id], failed: [] });
    expect((await errorOf(byAnother)).code).toBe("act_as_required");
  });

  test("an album is created, named, listed and deleted, and its tags are counted", async () => {
    const album = await groups.create({ type: "album", title: "Odd" });
    const image = await stored(23, { groups: { album: [album.id] }, tags: ["of-an-album"] });

    const named = await groups.update(album.group, { title: "Even", cover_image_id: image.id });
    await expect.poll(async () => (await groups.get(album.group)).images, { timeout: 30_000 }).toBe(1);
    const listed = await groups.list({ type: "album", prefix: "EVEN" }).toArray({ limit: 5 });
    const [tag] = await tags.list({ prefix: "of-an-a" }).toArray({ limit: 5 });
    const deletion = await groups.delete(album.group, { images: "keep" });

    expect([named.title, named.cover?.id]).toEqual(["Even", image.id]);
    expect(listed.map(({ group }) => group)).toEqual([album.group]);
    expect([tag?.tag, tag?.images]).toEqual(["of-an-album", 1]);
    expect(deletion).toEqual({ images: 1, failed: [] });
    expect((await errorOf(groups.as("somebody else").get(album.group))).code).toBe("act_as_required");
    expect((await errorOf(tags.as("somebody else").list().page())).code).toBe("act_as_required");
  });

  test("lists are read item by item, page by page, or as an array", async () => {
    const groups = { album: ["pages"] };
    const many = await store.uploadMany([6, 7, 8].map(pictureOf), { groups });
    const list = store.images.list({ group: "album:pages", limit: 2 });

    const items: string[] = [];
    for await (const card of list) items.push(card.id);
    const pages: number[] = [];
    for await (const page of list.pages()) pages.push(page.items.length);
    const first = await list.page();
    const second = await list.page(first.next_cursor ?? undefined);

    const ids = many.successful.map(({ image }) => image.id);
    expect(new Set(items)).toEqual(new Set(ids));
    expect(pages.slice(0, 2)).toEqual([2, 1]);
    expect([...first.items, ...second.items].map((card) => card.id)).toEqual(items);
    expect((await list.toArray({ limit: 2 })).map((card) => card.id)).toEqual(items.slice(0, 2));
  });

  test("search, similar images and the feed find an image", async () => {
    const image = await stored(9, { title: "Zebra", visibility: "public" });

    const isFound = async () => (await store.images.search("zebra").toArray({ limit: 5 })).some(({ id }) => id === image.id);
    const similar = await store.images.similar(image.id, { limit: 3 });

    await expect.poll(isFound, { timeout: 30_000, interval: 300 }).toBe(true);
    expect(similar.every(({ card }) => card.id !== image.id)).toBe(true);
    const anyone = createImageStore({ url: apiUrl });
    const feed = () => anyone.feed({ limit: 100 }).toArray({ limit: 100 });
    await expect.poll(async () => (await feed()).map(({ id }) => id), { timeout: 30_000 }).toContain(image.id);
    await store.feed().page();
  });

  test("a signed link shows a private image without a token", async () => {
    const image = await stored(10);

    const link = await store.images.link(image.id, { rendition: "thumb", expires_in: 60 });

    expect((await fetch(link.url)).ok).toBe(true);
  });
});

describe("shares", () => {
  test("a share shows an image by the addresses that it builds, until it is revoked", async () => {
    const image = await stored(11);
    const share = await store.share({ image, presets: ["thumb", "w640"], expires_in: 600, name: "One" });

    const picture = await fetch(share.src(image, "w640"));
    const listed = await store.shares.list().toArray({ limit: 100 });
    await share.revoke();
    await store.shares.revoke(share.id);

    expect(picture.headers.get("Content-Type")).toMatch(/^image\//);
    expect(share.srcset(image, [640])).toBe(`${share.src(image, "w640")} 640w`);
    expect(listed.find(({ id }) => id === share.id)).toMatchObject({ image_id: image.id, name: "One", status: "active" });
    const after = (await store.shares.list().toArray({ limit: 100 })).find(({ id }) => id === share.id);
    expect(after?.status).toBe("revoked");
  });

  test("a share is reused until it is revoked", async () => {
    const shares = await Promise.all([1, 2].map(() => store.share({ all: true, name: "Again" }, { reuse: true })));
    await shares[0]!.revoke();

    const next = await store.share({ all: true, name: "Again" }, { reuse: true });

    expect(shares[1]!.id).toBe(shares[0]!.id);
    expect(next.id).not.toBe(shares[0]!.id);
  });

  test("a group and all images can be shared", async () => {
    const [group, all] = [await store.share({ group: "album:pages" }), await store.share({ all: true })];

    expect(group).toMatchObject({ group: "album:pages", image_id: null, all: false });
    expect(all).toMatchObject({ all: true, group: null });
  });
});

describe("generation", () => {
  test("a generated image arrives with its progress", async () => {
    const seen: string[] = [];

    const job = await store.generate("a cat", { onProgress: ({ status }) => seen.push(status) });

    expect(job).toMatchObject({ status: "succeeded", items: [{ status: "succeeded", error: null }] });
    expect(seen.at(-1)).toBe("succeeded");
    expect(await store.images.exists(job.items[0]?.image_id ?? "")).toBe(true);
    expect((await store.jobs.get(job.id)).id).toBe(job.id);
    expect((await store.jobs.list().toArray({ limit: 10 })).map(({ id }) => id)).toContain(job.id);
  });

  test("a job that failed is an answer, and its images can be made again", async () => {
    const begun = await store.jobs.create({ items: [{ prompt: "a cat [[refused]]" }], fallback: false });
    for await (const job of store.jobs.watch(begun.id)) if (job.status === "failed") break;

    const failed = await store.jobs.get(begun.id);
    const again = await store.jobs.retry(begun.id);

    expect(failed.items[0]?.error?.detail).not.toBe("");
    expect(again.id).toBe(begun.id);
  });

  test("an abort ends the waiting and not the job, which can be cancelled", async () => {
    const controller = new AbortController();
    let id = "";

    const waiting = store.generate("a dog [[slow]]", {
      signal: controller.signal,
      onProgress: (job) => {
        id = job.id;
        controller.abort(new Error("enough"));
      },
    });

    await expect(waiting).rejects.toThrow("enough");
    expect(["queued", "running"]).toContain((await store.jobs.get(id)).status);
    expect((await store.jobs.cancel(id)).id).toBe(id);
  });

  test("the same idempotency key is the same job", async () => {
    const [one, two] = [
      await store.jobs.create("a bird", { idempotencyKey: "bird-1" }),
      await store.jobs.create("a bird", { idempotencyKey: "bird-1" }),
    ];

    expect(two.id).toBe(one.id);
  });

  test("providers are listed, and take and lose an own key", async () => {
    const { items } = await store.providers.list();

    await store.providers.setKey("openai", { key: "a-key-of-a-test" });
    await store.providers.deleteKey("openai");

    expect(items.map(({ provider }) => provider)).toContain("openai");
  });
});

describe("callers", () => {
  test("a key acts for another owner whose name needs encoding", async () => {
    const key = await admin.keys.create({ name: "backend", scopes: ["images:read", "images:write", "act-as"] });
    const backend = createImageStore({ url: apiUrl, key: key.key });
    const owner = "auth0|ünï 1";

    const image = await backend.as(owner).upload(pictureOf(12));

    expect(image.owner_id).toBe(owner);
    expect((await errorOf(backend.images.get(image.id))).code).toBe("image_not_found");
    expect((await errorOf(store.as(owner).images.get(image.id))).code).toBe("act_as_required");
    await admin.keys.revoke(key.id);
  });

  test("a key is changed, rotated and revoked", async () => {
    const key = await store.keys.create({ name: "one", scopes: ["images:read"] });

    const changed = await store.keys.update(key.id, { name: "two", limits: { requests_per_minute: 600 } });
    const rotated = await store.keys.rotate(key.id, { graceSeconds: 60 });
    const listed = await store.keys.list().toArray({ limit: 100 });
    await store.keys.revoke(key.id);

    expect(changed).toMatchObject({ name: "two", limits: { requests_per_minute: 600 } });
    expect(rotated.key).not.toBe(key.key);
    expect(listed.map(({ id }) => id)).toContain(key.id);
    expect((await store.keys.get(key.id)).status).toBe("revoked");
    expect((await store.keys.usage(key.id)).total.images).toBe(0);
  });

  test("an upload token uploads and does nothing else", async () => {
    const { token } = await store.uploadTokens.create({ max_images: 1, attributes: { tags: ["browser"] } });
    const browser = createImageStore({ url: apiUrl, uploadToken: token });

    const image = await browser.upload(pictureOf(13));

    expect(image.tags).toEqual([]); // what the backend fixed is not shown to the browser
    expect((await store.images.get(image.id)).tags).toEqual(["browser"]);
    expect((await errorOf(browser.images.list().page())).status).toBe(403);
  });

  test("a token that is refused is fetched again, once", async () => {
    const refreshes: boolean[] = [];
    const caller = createImageStore({
      url: apiUrl,
      token: ({ refresh }) => {
        refreshes.push(refresh);
        return refresh ? ownerToken : "expired";
      },
    });

    const page = await caller.images.list({ limit: 1 }).page();

    expect(page.items.length).toBe(1);
    expect(refreshes).toEqual([false, true]);
  });

  test("a fault of a request names its field", async () => {
    const error = await errorOf(store.images.list({ limit: 1000 }).page());

    expect(error).toMatchObject({ code: "invalid_request", status: 400 });
    expect(error.errors[0]?.loc).toContain("limit");
    expect(error.requestId).toBeTruthy();
  });
});

describe("webhooks", () => {
  test("a webhook is created, changed, tested, replayed and deleted", async () => {
    const url = "https://no-such-app.invalid/hooks"; // nobody answers there
    const created = await webhooks.create({ url, types: ["image.created"], description: "mirror" });

    const changed = await webhooks.update(created.id, { types: null, description: null });
    const sent = await webhooks.test(created.id);
    const deliveries = webhooks.deliveries(created.id, { limit: 10 });
    const replayed = await webhooks.replay(created.id, { failed: true });
    const rotated = await webhooks.rotateSecret(created.id, { overlapHours: 0 });

    expect(created).toMatchObject({ url, types: ["image.created"], description: "mirror", enabled: true });
    expect(changed).toMatchObject({ id: created.id, types: null, description: null });
    expect(sent.event.type).toBe("webhook.test");
    expect((await deliveries.toArray({ limit: 10 })).map(({ event }) => event.id)).toEqual([sent.event.id]);
    expect(replayed.failed).toBe(true);
    expect(rotated.secret).not.toBe(created.secret);
    expect(await webhooks.get(created.id)).not.toHaveProperty("secret");
    expect((await webhooks.list()).map(({ id }) => id)).toContain(created.id);
    expect((await errorOf(webhooks.as("somebody").list())).code).toBe("act_as_required");
    await webhooks.delete(created.id);
    expect((await errorOf(webhooks.get(created.id))).code).toBe("webhook_not_found");
  });
});

describe("administration", () => {
  test("statistics count the own images, or all for an admin", async () => {
    await expect.poll(async () => (await store.stats()).images, { timeout: 30_000 }).toBeGreaterThan(0);

    expect((await admin.stats({ scope: "all" })).scope).toBe("all");
    expect((await errorOf(store.stats({ scope: "all" }))).code).toBe("admin_required");
  });

  test("the timeline counts the own images of this month", async () => {
    await expect.poll(async () => (await store.timeline().toArray({ limit: 1 }))[0]?.images, { timeout: 30_000 }).toBeGreaterThan(0);
  });

  test("events tell what happened, and an admin reads those of all owners", async () => {
    const image = await stored(60);

    for await (const event of store.events({ types: ["image.created"] })) {
      if (event.type === "image.created" && event.data.image_id === image.id) break;
    }
    for await (const page of admin.events({ scope: "all" }).pages()) {
      expect(page.next_cursor).toBeTruthy();
      break;
    }
  });

  test("an admin cleans up without deleting, and reads reports and health", async () => {
    const report = await admin.admin.cleanup();
    const reports = await admin.admin.cleanupReports({ limit: 1 });
    const health = await admin.admin.health();

    expect(report.dry_run).toBe(true);
    expect(reports.length).toBeLessThanOrEqual(1); // only runs that delete leave a report
    expect(Object.keys(health.components).length).toBeGreaterThan(2);
    expect((await errorOf(store.admin.health())).code).toBe("admin_required");
  });

  test("an admin lists the owners", async () => {
    const owner = (await stored(3)).owner_id;

    const owners = async () => (await admin.admin.owners().toArray({ limit: 1_000 })).map((each) => each.owner_id);
    await expect.poll(owners, { timeout: 30_000 }).toContain(owner);
  });

  test("an admin imports from another store", async () => {
    const begun = await admin.admin.imports.create({ source: "no-such-source", owner: "somebody", dry_run: true });
    const status = async () => (await admin.admin.imports.get(begun.id)).status;

    await expect.poll(status, { timeout: 30_000 }).toBe("failed");
    expect((await admin.admin.imports.cancel(begun.id)).errors[0]?.code).toBe("source_unreadable");
    expect(await admin.admin.imports.records(begun.id).toArray({ limit: 10 })).toEqual([]);
  });

  test("an admin migrates a record and repairs", async () => {
    const image = Buffer.from(await pictureOf(14).arrayBuffer()).toString("base64");

    const migration = await admin.admin.migrations.create({ source: { record: { id: "r2", owner: "somebody", image } } });
    const repair = await admin.admin.repairs.create({ dry_run: true });
    const restore = await admin.admin.restores.create({ dry_run: true });
    const rebuild = await admin.admin.rebuilds.create({ dry_run: true });

    expect((await admin.admin.migrations.get(migration.id)).id).toBe(migration.id);
    const records = admin.admin.migrations.records(migration.id);
    const migrated = async () => (await records.toArray({ limit: 10 })).map((record) => record.record_id);
    await expect.poll(migrated, { timeout: 30_000 }).toEqual(["r2"]);
    expect((await admin.admin.repairs.get(repair.id)).id).toBe(repair.id);
    expect((await admin.admin.restores.get(restore.id)).id).toBe(restore.id);
    expect((await admin.admin.rebuilds.get(rebuild.id)).id).toBe(rebuild.id);
    const backup = await admin.admin.backups.create({ task: "verify" });
    expect((await admin.admin.backups.get(backup.id)).task).toBe("verify");
    expect((await admin.admin.backups.list({ limit: 1 })).length).toBe(1);
  });
});
