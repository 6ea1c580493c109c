import { answerTooLarge, MAX_ANSWER_BYTES } from "../http/transport";

/** Gets the part of a request's body that was sent, from 0 to 1. */
export type OnSent = (part: number) => void;

const MAX_SILENT_SECONDS = 60;

/**
 * Sends a request as `fetch` does, and reports how much of its body has left. Only browsers can.
 *
 * It uses XMLHttpRequest, because `fetch` cannot tell. It also fails if no byte leaves and no answer comes for a minute.
 */
export function fetchReporting(
  url: string,
  { method, headers, body, signal }: RequestInit,
  onSent: OnSent,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
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
    request.onprogress = ({ loaded }) => {
      if (loaded <= MAX_ANSWER_BYTES) return;
      reject(answerTooLarge(request.status));
      stop();
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
