// Calls every route with the functions that @hey-api/openapi-ts generates, and prints what each answered.
import { adminToken, apiUrl, ownerToken, picture, pictureOf, report, sha256, until } from "./routes";
import * as api from "./sdk";
import { client } from "./sdk/client.gen";

let token = ownerToken;
client.setConfig({ baseUrl: apiUrl, auth: () => token });
client.interceptors.response.use((response, request, options) => {
  report(request.method, options.url, response.status);
  return response;
});

/** The data of an answer; an error ends the run. */
function dataOf<T>(answer: { data?: T; error?: unknown; response?: Response }): NonNullable<T> {
  if (answer.error !== undefined || answer.data === undefined || answer.data === null) {
    throw new Error(`${answer.response?.status} ${answer.response?.url} ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

async function images(): Promise<void> {
  const image = dataOf(await api.createImage({ body: { source: { base64: picture.toString("base64") } } }));
  const path = { image_id: image.id };
  dataOf(await api.getImage({ path }));
  const changed = dataOf(await api.updateImage({ path, body: { title: "Cat", visibility: "public" } }));
  const link = changed.public_url?.split("/").at(-1) ?? "";
  dataOf(await api.getPublishedImage({ path: { link } }));
  dataOf(await api.getPublishedRendition({ path: { link, preset: "thumb" } }));
  const bytes: Blob = dataOf(await api.getImageContent({ path }));
  if (bytes.size !== picture.length) throw new Error(`${bytes.size} bytes came back`);
  await api.headImageContent({ path });
  dataOf(await api.createImageLink({ path, body: {} }));
  dataOf(await api.listSimilarImages({ path }));
  dataOf(await api.listImages());
  dataOf(await api.searchImages({ query: { q: "cat" } }));
  dataOf(await api.listFeed());
  dataOf(await api.getStats());
  dataOf(await api.getTimeline());
  const ofAlbum = { group: dataOf(await api.createGroup({ body: { type: "album", title: "Cats" } })).group };
  dataOf(await api.listGroups());
  dataOf(await api.getGroup({ path: ofAlbum }));
  dataOf(await api.updateGroup({ path: ofAlbum, body: { title: "Tigers" } }));
  dataOf(await api.deleteGroup({ path: ofAlbum, query: { images: "keep" } }));
  dataOf(await api.listTags());
  dataOf(await api.listEvents());
  await api.deleteImage({ path });
  dataOf(await api.restoreImage({ path }));
  const batch = dataOf(
    await api.createImages({ body: { items: [{ source: { base64: pictureOf(4).toString("base64") } }] } }),
  );
  const ids = [image.id, ...batch.successful.map((stored) => stored.image.id)];
  const deleted = dataOf(await api.deleteImages({ body: { ids } }));
  if (deleted.successful.length !== 2) throw new Error("not all were deleted");
  const restored = dataOf(await api.restoreImages({ body: { ids } }));
  const retagged = dataOf(await api.updateImages({ body: { ids, add_tags: ["back"], category: null } }));
  if (restored.successful.length + retagged.successful.length !== 4) throw new Error("not all were changed");
}

async function directUploads(): Promise<void> {
  const data = pictureOf(5);
  const ticket = dataOf(
    await api.createUpload({ body: { content_type: "image/gif", size_bytes: data.length, sha256: sha256(data) } }),
  );
  if (!("upload" in ticket)) throw new Error("the image is stored already");
  const sent = await fetch(ticket.upload.url, { method: ticket.upload.method, headers: ticket.upload.headers, body: data });
  if (!sent.ok) throw new Error(`storage answered ${sent.status}`);
  dataOf(await api.completeUpload({ path: { image_id: ticket.id } }));
}

async function generations(): Promise<void> {
  const begun = dataOf(await api.createGeneration({ body: { items: [{ prompt: "a cat [[refused]]" }], fallback: false } }));
  const path = { job_id: begun.id };
  await until(async () => dataOf(await api.getGeneration({ path })).status === "failed");
  dataOf(await api.retryGeneration({ path }));
  dataOf(await api.listGenerations());
  const other = dataOf(await api.createGeneration({ body: { items: [{ prompt: "a dog [[slow]]" }] } }));
  dataOf(await api.cancelGeneration({ path: { job_id: other.id } }));
  dataOf(await api.listProviders());
  await api.setProviderKey({ path: { provider: "openai" }, body: { key: "a-key-of-a-test" } });
  await api.deleteProviderKey({ path: { provider: "openai" } });
}

async function callers(): Promise<void> {
  const key = dataOf(await api.createKey({ body: { name: "a client", scopes: ["images:read"] } }));
  const path = { key_id: key.id };
  dataOf(await api.listKeys());
  dataOf(await api.getKey({ path }));
  dataOf(await api.getKeyUsage({ path }));
  dataOf(await api.updateKey({ path, body: { name: "another client" } }));
  dataOf(await api.rotateKey({ path, body: {} }));
  await api.deleteKey({ path });
  dataOf(await api.createUploadToken({ body: {} }));
}

async function shares(): Promise<void> {
  const image = dataOf(await api.createImage({ body: { source: { base64: pictureOf(7).toString("base64") } } }));
  const share = dataOf(await api.createShare({ body: { all: true } }));
  dataOf(await api.listShares());
  const token = share.url_prefix?.split("/").at(-1) ?? "";
  dataOf(await api.getSharedRendition({ path: { token, image_id: image.id, preset: "thumb" } }));
  await api.revokeShare({ path: { share_id: share.id } });
}

async function webhooks(): Promise<void> {
  const created = dataOf(await api.createWebhook({ body: { url: "https://example.com/hooks" } }));
  const path = { webhook_id: created.id };
  dataOf(await api.listWebhooks());
  dataOf(await api.getWebhook({ path }));
  dataOf(await api.updateWebhook({ path, body: { description: "The app" } }));
  dataOf(await api.rotateWebhookSecret({ path, body: {} }));
  dataOf(await api.testWebhook({ path }));
  dataOf(await api.replayWebhook({ path, body: { failed: true } }));
  dataOf(await api.listWebhookDeliveries({ path }));
  await api.deleteWebhook({ path });
}

async function administration(): Promise<void> {
  token = adminToken;
  dataOf(await api.runCleanup({ body: {} }));
  dataOf(await api.listCleanupReports());
  dataOf(await api.listOwners());
  dataOf(await api.getComponentHealth());
  const repair = dataOf(await api.createRepair({ body: {} }));
  dataOf(await api.getRepair({ path: { repair_id: repair.id } }));
  const record = { id: "r1", owner: "somebody", image: pictureOf(6).toString("base64") };
  const migration = dataOf(await api.createMigration({ body: { source: { record } } }));
  const path = { migration_id: migration.id };
  dataOf(await api.getMigration({ path }));
  dataOf(await api.listMigratedRecords({ path }));
  dataOf(await api.getMigrationContent({ path, query: { record: record.id } }));
}

async function recovery(): Promise<void> {
  token = adminToken;
  const backup = dataOf(await api.createBackup({ body: { task: "verify" } }));
  dataOf(await api.listBackups());
  dataOf(await api.getBackup({ path: { backup_id: backup.id } }));
  const restore = dataOf(await api.createRestore({ body: { dry_run: true } }));
  dataOf(await api.getRestore({ path: { restore_id: restore.id } }));
  const rebuild = dataOf(await api.createRebuild({ body: { dry_run: true } }));
  dataOf(await api.getRebuild({ path: { rebuild_id: rebuild.id } }));
}

async function imports(): Promise<void> {
  token = adminToken;
  const source = { source: "no-such-source", owner: "somebody", dry_run: true };
  const path = { import_id: dataOf(await api.createImport({ body: source })).id };
  dataOf(await api.getImport({ path }));
  dataOf(await api.listImportRecords({ path }));
  dataOf(await api.cancelImport({ path }));
}

async function service(): Promise<void> {
  dataOf(await api.getHealth());
  dataOf(await api.getOpenapi());
  dataOf(await api.getConfig());
  dataOf(await api.getDocs());
  const page: string = dataOf(await api.getConsole());
  const file = /assets\/([\w.-]+)/.exec(page)?.[1] ?? "";
  dataOf(await api.getConsoleFile({ path: { file } }));
}

async function main(): Promise<void> {
  for (const part of [service, images, directUploads, generations, callers, shares, webhooks, administration, recovery, imports]) await part();
}

void main();
