import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** What a request gets: an answer, a cut connection, or no answer at all. */
export type Reply =
  | { status: number; headers?: Record<string, string>; json?: unknown; text?: string }
  | "cut"
  | "silence";

/** A server on this machine. It gives its replies in order, the last one again and again. */
export interface TestServer {
  url: string;
  seen: SeenRequest[];
}

/** Starts a server for the current test. */
export async function startServer(...replies: Reply[]): Promise<TestServer> {
  const seen: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const reply = replies[Math.min(seen.length, replies.length - 1)];
    seen.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers, body });
    answer(reply ?? { status: 204 }, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Returns an address at which no server listens. */
export async function unusedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

function answer(reply: Reply, response: ServerResponse): void {
  if (reply === "silence") return;
  if (reply === "cut") {
    response.socket?.destroy();
    return;
  }
  const type = reply.json === undefined ? "text/html" : "application/json";
  response.writeHead(reply.status, { "Content-Type": type, ...reply.headers });
  response.end(reply.json === undefined ? reply.text : JSON.stringify(reply.json));
}

/** The reply to an error of the API. */
export function problem(status: number, code: string, headers: Record<string, string> = {}): Reply {
  return { status, headers, json: { status, code, title: "", type: "about:blank", detail: `About ${code}.`, request_id: "r1" } };
}
