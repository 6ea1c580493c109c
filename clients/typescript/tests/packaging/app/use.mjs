// Uses the installed package as an app on Node does.
import { createServer } from "node:http";
import { createImageStore, ImageStoreError } from "@image-store/client";
import { imageLoader } from "@image-store/client/next";
import { uploadTokenRoute } from "@image-store/client/upload-tokens";
import { verify } from "@image-store/client/webhooks";

const PROBLEM = { status: 404, code: "image_not_found", title: "Not found", type: "about:blank", detail: "No such image.", request_id: "r1" };

const server = createServer((request, response) => {
  response.writeHead(404, { "Content-Type": "application/problem+json" }).end(JSON.stringify(PROBLEM));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}`;


const store = createImageStore({ url, key: "isk_1" });
const error = await store.images.get("1").catch((thrown) => thrown);
const upload = await store.upload(new Uint8Array([1, 2, 3])).catch((thrown) => thrown);
const route = uploadTokenRoute({ uploadTokens: { create: async () => ({ token: "iut_1", expires_at: "" }) } }, { authorize: () => ({ owner: "alice" }) });
const answer = await route(new Request("https://app.example.com/api", { method: "POST" }));
const unsigned = await verify({ headers: {}, body: "{}" }, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").catch((thrown) => thrown);

console.log(
  JSON.stringify({
    isTyped: error instanceof ImageStoreError,
    code: error.code,
    uploadCode: upload.code,
    loader: imageLoader({ src: "/logo.png", width: 640 }),
    token: (await answer.json()).token,
    webhookCode: unsigned.code,
  }),
);
server.closeAllConnections();
server.close();
