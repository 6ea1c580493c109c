// An app with Express that receives webhooks: /client verifies them by the TypeScript client, /library by the library of
// Standard Webhooks. CLIENT is the address of the built module, SECRET signs. It prints its port, and then each event.
import express from "express";
import { Webhook } from "standardwebhooks";

const { verify } = await import(process.env.CLIENT);
const library = new Webhook(process.env.SECRET);
const raw = express.raw({ type: "*/*" });

const app = express();
app.set("env", "test"); // print no error
app.post("/client", raw, async (request, response) => {
  console.log(JSON.stringify(await verify(request, process.env.SECRET)));
  response.sendStatus(204);
});
app.post("/library", raw, (request, response) => {
  try {
    console.log(JSON.stringify(library.verify(request.body, request.headers)));
    response.sendStatus(204);
  } catch {
    response.sendStatus(400);
  }
});
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
