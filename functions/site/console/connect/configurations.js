// What other software needs to reach this store. docs/openai.md and docs/mcp.md print the same texts: a test compares.

const PLACE = "isk_…"; // where a key belongs

/**
 * The configurations, each with its text, for the addresses of a deployment. A key fills them; without one they name
 * the variable or the place where it belongs.
 */
export function configurations({ mcp_url: mcp, openai_url: openai }, key = null) {
  return [...(openai ? ofOpenAi(openai, key ?? PLACE) : []), ...ofMcp(mcp, key)];
}

function ofOpenAi(url, key) {
  return [
    {
      name: "OpenAI SDK for Python",
      hint: "Any program that makes images with it. “auto” leaves the choice of the model to the store.",
      text: `from openai import OpenAI

client = OpenAI(
    base_url="${url}",
    api_key="${key}",
)
answer = client.images.generate(model="auto", prompt="A red fox in the snow", response_format="b64_json")`,
    },
    {
      name: "OpenAI SDK for JavaScript",
      hint: "On a server: whoever reads the scripts of a page would have the key.",
      text: `import OpenAI from "openai";

const client = new OpenAI({
  baseURL: "${url}",
  apiKey: "${key}",
});
const answer = await client.images.generate({
  model: "auto", prompt: "A red fox in the snow", response_format: "b64_json",
});`,
    },
    {
      name: "Open WebUI",
      hint: "Environment variables of its server.",
      text: `ENABLE_IMAGE_GENERATION=true
IMAGE_GENERATION_ENGINE=openai
IMAGES_OPENAI_API_BASE_URL=${url}
IMAGES_OPENAI_API_KEY=${key}
IMAGE_GENERATION_MODEL=auto
IMAGE_SIZE=1024x1024`,
    },
    {
      name: "LiteLLM",
      hint: "Environment variables of the proxy; docs/openai.md has the lines of its configuration file that use them.",
      text: `STORE_OPENAI_URL=${url}
STORE_KEY=${key}`,
    },
  ];
}

function ofMcp(url, key) {
  const server = (reference) => ({ url, headers: { Authorization: `Bearer ${reference}` } });
  const question = { type: "promptString", id: "image-store-key", description: "API key of the image store" };
  return [
    {
      name: "Claude Code",
      hint: "A command for your terminal.",
      text:
        // The header is last, because Claude Code takes every word after it as another header.
        `claude mcp add --transport http --scope user images ${url} ` +
        `--header 'Authorization: Bearer ${key ?? "${IMAGE_STORE_KEY}"}'`,
    },
    {
      name: "Cursor",
      hint: "For the file ~/.cursor/mcp.json.",
      text: oneLine({ mcpServers: { images: server(key ?? "${env:IMAGE_STORE_KEY}") } }),
    },
    {
      name: "VS Code",
      hint: "For its file mcp.json. VS Code asks you for the key and keeps it, so the key is not in these lines.",
      text: oneLine({
        inputs: [{ ...question, password: true }],
        servers: { images: { type: "http", ...server("${input:image-store-key}") } },
      }),
    },
  ];
}

/** JSON with a space behind colons and commas, so that long lines can break. */
const oneLine = (value) =>
  JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, " ")
    .replace(/([{[]) | ([}\]])/g, "$1$2");
