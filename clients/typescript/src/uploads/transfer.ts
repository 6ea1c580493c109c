import type { Transport } from "../http/transport";

/** Gets the part of a request's body that was sent, from 0 to 1. */
export type OnSent = (part: number) => void;

const MAX_SILENT_SECONDS = 60;

/**
 * Makes a `fetch` that reports how much of the body was sent.
 *
 * In browsers it reports while the bytes leave, by XMLHttpRequest, because `fetch` cannot tell. It then also fails if
 * no byte leaves and no answer comes for a minute. Elsewhere, and with a `fetch` that the caller chose, it reports only
 * the beginning and the end.
 */
export function reportingFetch(transport: Transport, onSent: OnSent): typeof fetch {
  const canReport = typeof XMLHttpRequest === "function" && !transport.hasOwnFetch;
  return async (input, init = {}) => {
    onSent(0);
    // The report may have aborted. Node 24 ends the process when `fetch` gets a form with a signal that has aborted.
    init.signal?.throwIfAborted();
    if (canReport) return transfer(String(input), init, onSent);
    const response = await transport.fetch(input, init);
    onSent(1);
    return response;
  };
}

function transfer(url: string, { method, headers, body, signal }: RequestInit, onSent: OnSent): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer: ReturnType<typeof setTimeout>;
    const stop = () => request.abort();
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(stop, MAX_SILENT_SECONDS * 1000);
    };
    request.upload.onprogress = ({ loaded, total }) => {
      wait();
      onSent(loaded / total);
    };
    request.onload = () => resolve(responseOf(request));
    request.onabort = request.onerror = () => {
      // fetch fails in the same way.
      reject(signal?.aborted ? signal.reason : new TypeError("The request failed."));
    };
    request.onloadend = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    };
    request.open(method ?? "GET", url);
    new Headers(headers).forEach((value, name) => request.setRequestHeader(name, value));
    signal?.addEventListener("abort", stop);
    wait();
    request.send(body as XMLHttpRequestBodyInit);
  });
}

function responseOf(request: XMLHttpRequest): Response {
  const headers = headersIn(request.getAllResponseHeaders());
  const response = new Response(request.responseText || null, { status: request.status, headers });
  return Object.defineProperty(response, "url", { value: request.responseURL });
}

/** Reads headers in lines. Of an answer from another origin a page may see none. */
export function headersIn(lines: string): Headers {
  const headers = new Headers();
  for (const [, name, value] of lines.matchAll(/^([^:\r\n]+): *(.*)$/gm)) headers.append(name!, value!);
  return headers;
}
