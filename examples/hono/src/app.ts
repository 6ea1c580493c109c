import { ImageStoreError, type ImageStore } from "@image-store/client";
import { uploadTokenRoute } from "@image-store/client/upload-tokens";
import { Hono } from "hono";
import { env } from "hono/adapter";
import { bodyLimit } from "hono/body-limit";
import { csrf } from "hono/csrf";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import { imageStore, type Settings } from "./image-store.ts";
import { galleryPage } from "./page.ts";
import { currentUser } from "./session.ts";

const MAX_BODY_BYTES = 20 * 1024 * 1024;
/** What users can do something about. All other failures are for the log. */
const STATUSES_FOR_USERS = [400, 404, 409, 413, 415, 429, 503];

export const app = new Hono<{ Bindings: Settings; Variables: { user: string; store: ImageStore } }>();

app.use(secureHeaders(), csrf());
app.use(async (c, next) => {
  const user = await currentUser(c.req.raw);
  if (user === null) throw new HTTPException(401, { message: "Sign in first." });
  c.set("user", user);
  c.set("store", imageStore(env(c)));
  await next();
});

async function gallery(context: { user: string; store: ImageStore }) {
  const store = context.store.as(context.user);
  const [{ items }, share] = await Promise.all([
    store.images.list({ limit: 24 }).page(),
    store.share({ all: true, name: "Gallery" }, { reuse: true }),
  ]);
  return { images: items, share };
}

app.get("/", async (c) => {
  const { images, share } = await gallery(c.var);
  return c.html(galleryPage(images, share));
});

/** For a front end of your own: it builds the addresses of all images with `src` and `srcset` of the client. */
app.get("/images", async (c) => {
  const { images, share } = await gallery(c.var);
  return c.json({ images, url_prefix: share.url_prefix });
});

app.post("/images", bodyLimit({ maxSize: MAX_BODY_BYTES }), async (c) => {
  const { file, alt_text } = await c.req.parseBody();
  if (!(file instanceof File)) throw new HTTPException(400, { message: "Choose an image." });
  await c.var.store.as(c.var.user).upload(file, { alt_text: String(alt_text ?? "") || null });
  return c.redirect("/", 303);
});

/** For `uploadTokenFrom("/upload-token")` in a page: large files need not pass through this backend. */
app.post("/upload-token", (c) =>
  uploadTokenRoute(c.var.store, { authorize: () => ({ owner: c.var.user, max_images: 10 }) })(c.req.raw),
);

app.onError((error, c) => {
  if (error instanceof HTTPException) return error.getResponse();
  if (error instanceof ImageStoreError && STATUSES_FOR_USERS.includes(error.status!)) {
    return Response.json({ code: error.code, detail: error.detail }, { status: error.status });
  }
  console.error(error);
  return c.text("Something went wrong.", 500);
});
