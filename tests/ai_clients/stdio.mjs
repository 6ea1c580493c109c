// Starts `image-store mcp` with both SDKs of TypeScript, in every version that they know; prints one JSON object a line.
import { Client as ModernClient } from "@modelcontextprotocol/client";
import { StdioClientTransport as ModernTransport } from "@modelcontextprotocol/client/stdio";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const [command, ...args] = process.argv.slice(2);
const server = { command, args, env: process.env };
const info = { name: "image-store-tests", version: "1" };

async function visit(client) {
  const { tools } = await client.listTools();
  const seen = await client.callTool({ name: "get_image", arguments: { id: "i1" } });
  const missing = await client.callTool({ name: "get_image", arguments: { id: "none" } });
  const unknown = await client.callTool({ name: "no_such_tool", arguments: {} }).catch((error) => error.code);
  return {
    tools: tools.map((tool) => tool.name).sort(),
    title: seen.structuredContent.title,
    missing: missing.isError,
    unknown,
  };
}

function print(name, seen) {
  console.log(JSON.stringify({ name, ...seen }));
}

for (const mode of ["default", "auto", "legacy", { pin: "2026-07-28" }]) {
  const client = new ModernClient(info, mode === "default" ? {} : { versionNegotiation: { mode } });
  await client.connect(new ModernTransport(server));
  print(`client ${mode.pin ?? mode}`, { version: client.getNegotiatedProtocolVersion(), ...(await visit(client)) });
  await client.close();
}

const client = new Client(info);
// This SDK tells its transport the agreed version, and only some transports take it.
let version = null;
const transport = new StdioClientTransport(server);
transport.setProtocolVersion = (agreed) => {
  version = agreed;
};
await client.connect(transport);
print("sdk", { version, ...(await visit(client)) });
await client.close();
