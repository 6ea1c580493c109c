// An app with Express and the library of Standard Webhooks that keeps a row about each image.
import express from "express";
import { Webhook } from "standardwebhooks";

const { IMAGE_STORE_URL, IMAGE_STORE_KEY, PORT, WEBHOOK_SECRET } = process.env;
const webhook = new Webhook(WEBHOOK_SECRET);
const rows = new Map();

const app = express();
app.post("/hooks", express.raw({ type: "*/*" }), async (request, response) => {
  const { type, data } = webhook.verify(request.body, request.headers);
  if (type.startsWith("image.")) {
    const answer = await fetch(`${IMAGE_STORE_URL}/v1/images/${data.image_id}`, { headers: { Authorization: `Bearer ${IMAGE_STORE_KEY}` } });
    if (!answer.ok && answer.status !== 404) throw new Error(`The store answered ${answer.status}.`);
    const image = answer.ok ? await answer.json() : null;
    if (data.version >= (rows.get(data.image_id)?.version ?? 0)) rows.set(data.image_id, { version: data.version, image });
  }
  response.sendStatus(204);
});
app.get("/images", (_, response) => response.json([...rows.values()].flatMap(({ image }) => image ?? [])));
app.listen(PORT);
