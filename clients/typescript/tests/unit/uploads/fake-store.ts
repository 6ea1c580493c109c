import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type Step = "create" | "reserve" | "put" | "complete";

/** What goes wrong: an answer in place of the real one, a connection that is cut before or after the work, or silence. */
export type Fault =
  | { status: number; code?: string; text?: string; headers?: Record<string, string> }
  | "cut before"
  | "cut after"
  | "silence"
  | undefined;

export interface SeenRequest {
  step: Step;
  url: string;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

/** A store with its storage, in memory: it answers uploads as the API document says, and fails as a test says. */
export interface FakeStore {
  url: string;
  seen: SeenRequest[];
  steps: () => Step[];
  /** The ids of the images that were stored. */
  images: Set<string>;
}

interface Upload {
  id: string;
  sha256: string;
  hasArrived: boolean;
}

/** Starts a store for the current test. Each list of faults is used up in order; then nothing goes wrong. */
export async function startStore(faults: Partial<Record<Step, Fault[]>> = {}): Promise<FakeStore> {
  const seen: SeenRequest[] = [];
  const images = new Set<string>();
  const uploads = new Map<string, Upload>();
  const created = new Map<string, string>();
  const left = structuredClone(faults);

  const work = (request: SeenRequest, host: string): [number, unknown] => {
    const key = String(request.headers["idempotency-key"]);
    if (request.step === "create") {
      const id = created.get(key) ?? `image-${images.size + 1}`;
      created.set(key, id);
      images.add(id);
      return [201, { id }];
    }
    if (request.step === "reserve") {
      const announced = JSON.parse(request.body.toString()) as { sha256: string };
      const upload = uploads.get(key) ?? { id: `upload-${uploads.size + 1}`, sha256: announced.sha256, hasArrived: false };
      uploads.set(key, upload);
      if (images.has(upload.id)) return [200, { id: upload.id }];
      const link = { method: "PUT", url: `http://${host}/storage/${upload.id}`, headers: { "If-None-Match": "*" } };
      return [201, { id: upload.id, upload: link, expires_at: "2030-01-01T00:00:00Z" }];
    }
    const upload = [...uploads.values()].find(({ id }) => request.url.includes(`/${id}`))!;
    if (request.step === "put") {
      const status = upload.hasArrived ? 412 : 200;
      upload.hasArrived = true;
      return [status, ""];
    }
    if (!upload.hasArrived) return [409, problem(409, "upload_incomplete")];
    images.add(upload.id);
    return [201, { id: upload.id }];
  };

  const server = createServer(async (request, response) => {
    const step = stepOf(request);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // the client has gone
    }
    const body = Buffer.concat(chunks);
    const one = { step, url: request.url!, headers: request.headers, body };
    seen.push(one);
    const fault = left[step]?.shift();
    if (fault === "silence") return;
    if (fault === "cut before") return void response.socket?.destroy();
    if (typeof fault === "object") {
      const { status, code, text = JSON.stringify(problem(status, code ?? "internal_error")), headers } = fault;
      return void response.writeHead(status, headers).end(text);
    }
    const [status, answer] = work(one, request.headers.host!);
    if (fault === "cut after") return void response.socket?.destroy();
    response.writeHead(status).end(answer === "" ? "" : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, seen, steps: () => seen.map(({ step }) => step), images };
}

function stepOf({ method, url }: IncomingMessage): Step {
  if (method === "PUT") return "put";
  if (url!.endsWith("/complete")) return "complete";
  return url === "/v1/uploads" ? "reserve" : "create";
}

function problem(status: number, code: string): object {
  return { type: "about:blank", title: code, status, detail: `About ${code}.`, code, request_id: "r-1" };
}
