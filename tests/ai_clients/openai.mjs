// Uses the OpenAI endpoint with OpenAI's own SDK; prints one JSON object a line.
import OpenAI, { toFile } from "openai";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey });
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

function print(name, seen) {
  console.log(JSON.stringify({ name, ...seen }));
}

const failure = (error) => ({ kind: error.constructor.name, status: error.status, code: error.code, param: error.param });

const { data: made, response } = await client.images
  .generate({ model: "pollinations/flux", prompt: "A red fox", n: 2, response_format: "b64_json" })
  .withResponse();
print("generate", {
  heads: made.data.map((image) => image.b64_json.slice(0, 4)),
  cost: response.headers.get("x-image-store-cost-usd"),
});

const linked = await client.images.generate({ model: "auto", prompt: "A yak", response_format: "url" });
const fetched = await fetch(linked.data[0].url);
print("url", { status: fetched.status, type: fetched.headers.get("content-type") });

const edited = await client.images.edit({
  model: "gpt-image-2",
  prompt: "At night",
  image: [await toFile(png, "fox.png", { type: "image/png" }), await toFile(png, "yak.png")],
});
print("edit", { images: edited.data.length, format: edited.output_format });

const events = [];
for await (const event of await client.images.generate({ model: "gpt-image-2", prompt: "A lynx", stream: true })) {
  events.push(event.type);
}
print("stream", { events });

const models = [];
for await (const model of client.models.list()) models.push(model.id);
print("models", { ids: models, found: (await client.models.retrieve("pollinations/flux")).id });

print("unknown model", failure(await client.images.generate({ model: "no-such", prompt: "A fox" }).catch((error) => error)));
print("bad size", failure(
  await client.images.generate({ model: "gpt-image-2", prompt: "A fox", size: "7x7" }).catch((error) => error),
));
print("refused", failure(
  await client.images.generate({ model: "pollinations/flux", prompt: "A fox [[refused]]" }).catch((error) => error),
));
const stranger = new OpenAI({ baseURL, apiKey: "isk_wrong" });
print("stranger", failure(await stranger.models.list().catch((error) => error)));

// It gives up before the image is made, and its next try waits for the same job.
const hasty = await client.images.generate(
  { model: "pollinations/flux", prompt: "A patient fox [[slow]]", response_format: "b64_json" },
  { timeout: 4_000, maxRetries: 5 },
);
print("repeat", { images: hasty.data.length });
