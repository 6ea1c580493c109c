// Calls every route with openapi-fetch on the types of openapi-typescript, and prints what each answered.
import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./schema";
import { adminToken, apiUrl, ownerToken, picture, pictureOf, report, sha256, until } from "./routes";

const reporter: Middleware = {
  onResponse: ({ request, response, schemaPath }) => report(request.method, schemaPath, response.status),
};

function clientOf(token: string) {
  const client = createClient<paths>({ baseUrl: apiUrl, headers: { Authorization: `Bearer ${token}` } });
  client.use(reporter);
  return client;
}

/** The data of an answer; an error ends the run. */
function dataOf<T>(answer: { data?: T; error?: unknown; response: Response }): NonNullable<T> {
  if (answer.error !== undefined || answer.data === undefined || answer.data === null) {
    throw new Error(`${answer.response.status} ${answer.response.url} ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

async function images(): Promise<void> {
  const client = clientOf(ownerToken);
  const image = dataOf(await client.POST("/v1/images", { body: { source: { base64: picture.toString("base64") } } }));
  const path = { params: { path: { image_id: image.id } } };
  dataOf(await client.GET("/v1/images/{image_id}", path));
  const changed = dataOf(
    await client.PATCH("/v1/images/{image_id}", { ...path, body: { title: "Cat", visibility: "public" } }),
  );
  const link = changed.public_url?.split("/").at(-1) ?? "";
  dataOf(await client.GET("/i/{link}", { params: { path: { link } }, parseAs: "blob" }));
  dataOf(await client.GET("/i/{link}/{preset}", { params: { path: { link, preset: "thumb" } }, parseAs: "blob" }));
  const bytes: Blob = dataOf(await client.GET("/v1/images/{image_id}/content", { ...path, parseAs: "blob" }));
  if (bytes.size !== picture.length) throw new Error(`${bytes.size} bytes came back`);
  await client.HEAD("/v1/images/{image_id}/content", path);
  dataOf(await client.POST("/v1/images/{image_id}/links", { ...path, body: {} }));
  dataOf(await client.GET("/v1/images/{image_id}/similar", path));
  dataOf(await client.GET("/v1/images"));
  dataOf(await client.GET("/v1/search", { params: { query: { q: "cat" } } }));
  dataOf(await client.GET("/v1/feed"));
  dataOf(await client.GET("/v1/stats"));
  dataOf(await client.GET("/v1/timeline"));
  const album = dataOf(await client.POST("/v1/groups", { body: { type: "album", title: "Cats" } }));
  const ofAlbum = { params: { path: { group: album.group } } };
  dataOf(await client.GET("/v1/groups"));
  dataOf(await client.GET("/v1/groups/{group}", ofAlbum));
  dataOf(await client.PATCH("/v1/groups/{group}", { ...ofAlbum, body: { title: "Tigers" } }));
  dataOf(
    await client.DELETE("/v1/groups/{group}", { params: { ...ofAlbum.params, query: { images: "keep" } } }),
  );
  dataOf(await client.GET("/v1/tags"));
  dataOf(await client.GET("/v1/events"));
  await client.DELETE("/v1/images/{image_id}", path);
  dataOf(await client.POST("/v1/images/{image_id}/restore", path));

  // A file in a form, which every client has to build as FormData.
  const form = dataOf(
    await client.POST("/v1/images", {
      body: { file: new Blob([pictureOf(2)], { type: "image/gif" }), attributes: { title: "From a form" } },
      bodySerializer: (body) => {
        const parts = body as { file: Blob; attributes: object };
        const sent = new FormData();
        sent.append("file", parts.file, "cat.gif");
        sent.append("attributes", JSON.stringify(parts.attributes));
        return sent;
      },
    }),
  );
  // Bytes as they are.
  const raw = dataOf(
    await client.POST("/v1/images", {
      headers: { "Content-Type": "image/gif" },
      params: { query: { title: "Raw", tag: ["a", "b"] } },
      body: new Blob([pictureOf(3)]),
      bodySerializer: (body) => body as Blob,
    }),
  );
  if (form.title !== "From a form" || raw.tags.join() !== "a,b") throw new Error("attributes were lost");
  const batch = dataOf(
    await client.POST("/v1/images/batch", { body: { items: [{ source: { base64: pictureOf(4).toString("base64") } }] } }),
  );
  const ids = [form.id, raw.id, ...batch.successful.map((stored) => stored.image.id)];
  const deleted = dataOf(await client.POST("/v1/images/batch-delete", { body: { ids } }));
  if (deleted.successful.length !== 3) throw new Error("not all were deleted");
  const restored = dataOf(await client.POST("/v1/images/batch-restore", { body: { ids } }));
  const body = { ids, add_tags: ["back"], visibility: "unlisted" as const };
  const retagged = dataOf(await client.POST("/v1/images/batch-update", { body }));
  if (restored.successful.length + retagged.successful.length !== 6) throw new Error("not all were changed");
}

async function directUploads(): Promise<void> {
  const client = clientOf(ownerToken);
  const data = pictureOf(5);
  const ticket = dataOf(
    await client.POST("/v1/uploads", {
      body: { content_type: "image/gif", size_bytes: data.length, sha256: sha256(data) },
    }),
  );
  if (!("upload" in ticket)) throw new Error("the image is stored already");
  const sent = await fetch(ticket.upload.url, { method: ticket.upload.method, headers: ticket.upload.headers, body: data });
  if (!sent.ok) throw new Error(`storage answered ${sent.status}`);
  dataOf(await client.POST("/v1/uploads/{image_id}/complete", { params: { path: { image_id: ticket.id } } }));
}

async function generations(): Promise<void> {
  const client = clientOf(ownerToken);
  const begun = dataOf(
    await client.POST("/v1/generations", { body: { items: [{ prompt: "a cat [[refused]]" }], fallback: false } }),
  );
  const path = { params: { path: { job_id: begun.id } } };
  await until(async () => dataOf(await client.GET("/v1/generations/{job_id}", path)).status === "failed");
  dataOf(await client.POST("/v1/generations/{job_id}/retry", path));
  dataOf(await client.GET("/v1/generations"));
  const other = dataOf(await client.POST("/v1/generations", { body: { items: [{ prompt: "a dog [[slow]]" }] } }));
  dataOf(await client.DELETE("/v1/generations/{job_id}", { params: { path: { job_id: other.id } } }));
  dataOf(await client.GET("/v1/providers"));
  const provider = { params: { path: { provider: "openai" as const } } };
  await client.PUT("/v1/provider-keys/{provider}", { ...provider, body: { key: "a-key-of-a-test" } });
  await client.DELETE("/v1/provider-keys/{provider}", provider);
}

async function callers(): Promise<void> {
  const client = clientOf(ownerToken);
  const key = dataOf(await client.POST("/v1/keys", { body: { name: "a client", scopes: ["images:read"] } }));
  const path = { params: { path: { key_id: key.id } } };
  dataOf(await client.GET("/v1/keys"));
  dataOf(await client.GET("/v1/keys/{key_id}", path));
  dataOf(await client.GET("/v1/keys/{key_id}/usage", path));
  dataOf(await client.PATCH("/v1/keys/{key_id}", { ...path, body: { name: "another client" } }));
  dataOf(await client.POST("/v1/keys/{key_id}/rotate", { ...path, body: {} }));
  await client.DELETE("/v1/keys/{key_id}", path);
  dataOf(await client.POST("/v1/upload-tokens", { body: {} }));
}

async function shares(): Promise<void> {
  const client = clientOf(ownerToken);
  const image = dataOf(await client.POST("/v1/images", { body: { source: { base64: pictureOf(7).toString("base64") } } }));
  const share = dataOf(await client.POST("/v1/shares", { body: { all: true } }));
  dataOf(await client.GET("/v1/shares"));
  const path = { token: share.url_prefix?.split("/").at(-1) ?? "", image_id: image.id, preset: "thumb" };
  dataOf(await client.GET("/s/{token}/{image_id}/{preset}", { params: { path }, parseAs: "blob" }));
  await client.DELETE("/v1/shares/{share_id}", { params: { path: { share_id: share.id } } });
}

async function webhooks(): Promise<void> {
  const client = clientOf(ownerToken);
  const created = dataOf(await client.POST("/v1/webhooks", { body: { url: "https://example.com/hooks" } }));
  const path = { params: { path: { webhook_id: created.id } } };
  dataOf(await client.GET("/v1/webhooks"));
  dataOf(await client.GET("/v1/webhooks/{webhook_id}", path));
  dataOf(await client.PATCH("/v1/webhooks/{webhook_id}", { ...path, body: { description: "The app" } }));
  dataOf(await client.POST("/v1/webhooks/{webhook_id}/rotate-secret", { ...path, body: {} }));
  dataOf(await client.POST("/v1/webhooks/{webhook_id}/test", path));
  dataOf(await client.POST("/v1/webhooks/{webhook_id}/replay", { ...path, body: { failed: true } }));
  dataOf(await client.GET("/v1/webhooks/{webhook_id}/deliveries", path));
  await client.DELETE("/v1/webhooks/{webhook_id}", path);
}

async function administration(): Promise<void> {
  const client = clientOf(adminToken);
  dataOf(await client.POST("/v1/admin/cleanup", { body: {} }));
  dataOf(await client.GET("/v1/admin/cleanup/reports"));
  dataOf(await client.GET("/v1/admin/owners"));
  dataOf(await client.GET("/v1/admin/health"));
  const repair = dataOf(await client.POST("/v1/admin/repairs", { body: {} }));
  dataOf(await client.GET("/v1/admin/repairs/{repair_id}", { params: { path: { repair_id: repair.id } } }));
  const record = { id: "r1", owner: "somebody", image: pictureOf(6).toString("base64") };
  const migration = dataOf(await client.POST("/v1/admin/migrations", { body: { source: { record } } }));
  const path = { migration_id: migration.id };
  dataOf(await client.GET("/v1/admin/migrations/{migration_id}", { params: { path } }));
  dataOf(await client.GET("/v1/admin/migrations/{migration_id}/records", { params: { path } }));
  dataOf(
    await client.GET("/v1/admin/migrations/{migration_id}/content", {
      params: { path, query: { record: record.id } },
      parseAs: "blob",
    }),
  );
}

async function recovery(): Promise<void> {
  const client = clientOf(adminToken);
  const backup = dataOf(await client.POST("/v1/admin/backups", { body: { task: "verify" } }));
  dataOf(await client.GET("/v1/admin/backups"));
  dataOf(await client.GET("/v1/admin/backups/{backup_id}", { params: { path: { backup_id: backup.id } } }));
  const restore = dataOf(await client.POST("/v1/admin/restores", { body: { dry_run: true } }));
  dataOf(await client.GET("/v1/admin/restores/{restore_id}", { params: { path: { restore_id: restore.id } } }));
  const rebuild = dataOf(await client.POST("/v1/admin/rebuilds", { body: { dry_run: true } }));
  dataOf(await client.GET("/v1/admin/rebuilds/{rebuild_id}", { params: { path: { rebuild_id: rebuild.id } } }));
}

async function imports(): Promise<void> {
  const client = clientOf(adminToken);
  const source = { source: "no-such-source", owner: "somebody", dry_run: true };
  const path = { params: { path: { import_id: dataOf(await client.POST("/v1/admin/imports", { body: source })).id } } };
  dataOf(await client.GET("/v1/admin/imports/{import_id}", path));
  dataOf(await client.GET("/v1/admin/imports/{import_id}/records", path));
  dataOf(await client.DELETE("/v1/admin/imports/{import_id}", path));
}

async function service(): Promise<void> {
  const client = clientOf(ownerToken);
  dataOf(await client.GET("/v1/health"));
  dataOf(await client.GET("/openapi.json"));
  dataOf(await client.GET("/config.json"));
  dataOf(await client.GET("/docs", { parseAs: "text" }));
  const page: string = dataOf(await client.GET("/", { parseAs: "text" }));
  const file = /assets\/([\w.-]+)/.exec(page)?.[1] ?? "";
  dataOf(await client.GET("/assets/{file}", { params: { path: { file } }, parseAs: "blob" }));
}

async function main(): Promise<void> {
  for (const part of [service, images, directUploads, generations, callers, shares, webhooks, administration, recovery, imports]) await part();
}

void main();
