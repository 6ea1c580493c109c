// Speaks to the store with both SDKs of TypeScript, in every version that they know; prints one JSON object a line.
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { CallToolResultSchema } from "@modelcontextprotocol/sdk/types.js";

const [url, token] = process.argv.slice(2);
const info = { name: "image-store-tests", version: "1" };

function transport(Kind, credential = token) {
  return new Kind(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${credential}` } } });
}

function print(name, seen) {
  console.log(JSON.stringify({ name, ...seen }));
}

// What every client must be able to do, and how each sees a mistake.
async function tour(client) {
  const { tools } = await client.listTools();
  const stats = await client.callTool({ name: "get_stats", arguments: {} });
  const missing = await client.callTool({ name: "get_image", arguments: { id: "no-such-image" } });
  const wrong = await client.callTool({ name: "list_images", arguments: { limit: "many" } });
  const unknown = await client.callTool({ name: "no_such_tool", arguments: {} }).catch((error) => error.code);
  const resource = await client.readResource({ uri: "image-store://images/no-such-image" }).catch((error) => error.code);
  return {
    tools: tools.map((tool) => tool.name),
    images: stats.structuredContent.images,
    missing: [missing.isError, missing.content[0].text],
    wrong: [wrong.isError, wrong.content[0].text],
    unknown,
    resource,
    resources: (await client.listResources()).resources.length,
  };
}

for (const mode of ["default", "auto", "legacy", { pin: "2026-07-28" }]) {
  const client = new ModernClient(info, mode === "default" ? {} : { versionNegotiation: { mode } });
  await client.connect(transport(ModernTransport));
  print(`client ${mode.pin ?? mode}`, { version: client.getNegotiatedProtocolVersion(), ...(await tour(client)) });
  await client.close();
}

const client = new Client(info);
await client.connect(transport(StreamableHTTPClientTransport));
print("sdk", { version: client.transport.protocolVersion, ...(await tour(client)) });
await client.ping();

// A generation as a task of version 2025-11-25.
const request = { name: "generate_images", arguments: { prompt: "A lighthouse, for a task" } };
const steps = [];
for await (const step of client.experimental.tasks.callToolStream(request, CallToolResultSchema)) {
  steps.push(step.type === "result" ? { result: step.result } : { type: step.type, task: step.task });
}
print("task", { steps });
await client.close();

const refused = new Client(info);
const error = await refused.connect(transport(StreamableHTTPClientTransport, "isk_wrong")).catch((reason) => reason);
print("refused", { code: error.code, message: error.message });

// A client without a credential finds the issuer by itself, and would send a person there.
let address = null;
const provider = {
  redirectUrl: "http://localhost:1/callback",
  clientMetadata: { client_name: "tests", redirect_uris: ["http://localhost:1/callback"] },
  clientInformation: () => ({ client_id: "console" }),
  tokens: () => undefined,
  saveTokens: () => undefined,
  saveCodeVerifier: () => undefined,
  codeVerifier: () => "verifier",
  redirectToAuthorization: (url) => {
    address = url;
  },
};
const stranger = new Client(info);
const reason = await stranger
  .connect(new StreamableHTTPClientTransport(new URL(url), { authProvider: provider }))
  .catch((failure) => failure);
print("sign-in", { reason: reason.constructor.name, address, parameters: Object.fromEntries(address?.searchParams ?? []) });
