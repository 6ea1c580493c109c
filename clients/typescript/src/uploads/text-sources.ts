import { ImageStoreError } from "../http/errors";

/** Decodes base64 as browsers do; white space in it does not count. Throws `invalid_request` for anything else. */
export function bytesInBase64(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return bytesOf(atob(base64));
  } catch (cause) {
    const detail = "The base64 text is broken. Send a data URI as { data_uri }.";
    throw new ImageStoreError("invalid_request", detail, { cause });
  }
}

/** Reads a data URI (RFC 2397). The security policy of a page may forbid to fetch it. */
export function bytesInDataUri(uri: string): Uint8Array<ArrayBuffer> {
  const [, head = "", text] = /^\s*data:([^,]*),(.*)$/is.exec(uri) ?? [];
  if (text === undefined) {
    throw new ImageStoreError("invalid_request", "A data URI begins like `data:image/png;base64,`.");
  }
  const plain = text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
  return /;\s*base64\s*$/i.test(head) ? bytesInBase64(plain) : bytesOf(plain);
}

function bytesOf(binary: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
