import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { onTestFinished } from "vitest";

export type Step = "create" | "reserve" | "put" | "complete";

/** What goes wrong with one request. */
export type Fault =
  /** The connection ends after half of the body; nothing reaches the store. */
  | "cut in the middle"
  /** The store works, and its answer is lost. */
  | "answer lost"
  /** The request is not forwarded and has no answer. */
  | "silence"
  /** The request arrives late. */
  | { delayMs: number }
  /** Another server answers. */
  | { status: number; headers?: Record<string, string> }
  | undefined;

/** A way to a running store that fails as a test says, to the API and to the storage. */
export interface FaultyProxy {
  url: string;
  /** The steps that clients took, whatever became of them. */
  steps: Step[];
  /** Is called when the first bytes of a request arrive. */
  onStep: (step: Step) => void;
  /** Waits until nothing is on its way. */
  isIdle(): Promise<void>;
}

/** Starts a proxy for the current test. Each list of faults is used up in order; then nothing goes wrong. */
export async function startProxy(apiUrl: string, faults: Partial<Record<Step, Fault[]>>): Promise<FaultyProxy> {
  const proxy: FaultyProxy = {
    url: "",
    steps: [],
    onStep: () => undefined,
    isIdle: async () => {
      while (running > 0) await wait(50);
    },
  };
  let running = 0;
  const left = structuredClone(faults);
  let storage = new URL(apiUrl);

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const step = stepOf(incoming);
    if (step) {
      proxy.steps.push(step);
      proxy.onStep(step);
    }
    const fault = step && left[step]?.shift();
    const body = await bodyOf(incoming, fault === "cut in the middle" ? 0.5 : 1);
    if (fault === "silence") return;
    if (body === undefined || fault === "cut in the middle") return void response.socket?.destroy();
    if (typeof fault === "object" && "status" in fault) return void response.writeHead(fault.status, fault.headers).end();
    if (typeof fault === "object") await wait(fault.delayMs);
    const answer = await forward(incoming, body, step === "put" ? storage : new URL(apiUrl));
    if (fault === "answer lost") return void response.socket?.destroy();
    if (step === "reserve") storage = redirectLink(answer, proxy.url) ?? storage;
    respond(response, answer);
  }

  const server = createServer((incoming, response) => {
    running += 1;
    void handle(incoming, response).finally(() => (running -= 1));
  });
  proxy.url = await listen(server);
  return proxy;
}

interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

/** Lets the link of a ticket lead to the proxy, and returns where it led. */
function redirectLink(answer: Answer, url: string): URL | undefined {
  const ticket = JSON.parse(answer.body.toString()) as { upload?: { url: string } };
  if (ticket.upload === undefined) return undefined;
  const link = new URL(ticket.upload.url);
  ticket.upload.url = url + link.pathname + link.search;
  answer.body = Buffer.from(JSON.stringify(ticket));
  return link;
}

function stepOf({ method, url }: IncomingMessage): Step | undefined {
  if (method === "PUT") return "put";
  if (method !== "POST") return undefined;
  if (url!.endsWith("/complete")) return "complete";
  return url === "/v1/uploads" ? "reserve" : "create";
}

/** The body, or as much of it as this part; undefined if the client went away. */
async function bodyOf(incoming: IncomingMessage, part: number): Promise<Buffer | undefined> {
  const end = Number(incoming.headers["content-length"] ?? 0) * part;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (part < 1 && size >= end) break;
    }
    return Buffer.concat(chunks);
  } catch {
    return undefined;
  }
}

/** The signature of a link covers the Host header, so it stays that of the target. */
function forward({ method, url, headers }: IncomingMessage, body: Buffer, target: URL): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port, host } = target;
    const options = { hostname, port, path: url, method, headers: { ...headers, host, "content-length": body.length } };
    const outgoing = ask(options, async (answered) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answered) chunks.push(chunk as Buffer);
      resolve({ status: answered.statusCode!, headers: answered.headers, body: Buffer.concat(chunks) });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function respond(response: ServerResponse, { status, headers, body }: Answer): void {
  const { "content-length": _, "transfer-encoding": __, connection: ___, ...rest } = headers;
  response.writeHead(status, { ...rest, "content-length": body.length }).end(body);
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}
