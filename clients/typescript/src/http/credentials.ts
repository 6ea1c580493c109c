import { ImageStoreError } from "./errors";

/** Returns a token. `refresh` is true after the store refused the last one: return a new token then. */
export type TokenSource = string | ((options: { refresh: boolean }) => string | Promise<string>);

/** Who calls. Without any of them only the public feed can be read. */
export type Credentials =
  | {
      /** An API key, `isk_…`. It belongs on a server, never in a web page. */
      key: string;
      token?: never;
      uploadToken?: never;
    }
  | {
      /** A token of the signed-in user, or a function that returns one. */
      token: TokenSource;
      key?: never;
      uploadToken?: never;
    }
  | {
      /** An upload token, `iut_…`, or a function that returns one. It can only upload. */
      uploadToken: TokenSource;
      key?: never;
      token?: never;
    }
  | { key?: never; token?: never; uploadToken?: never };

const PRINTABLE = /^[!-~]+$/;
const NAMES = ["key", "token", "uploadToken"] as const;

/** Throws TypeError for several credentials, and for one that is named but missing: its caller would be nobody. */
export function checkCredentials(credentials: Credentials): void {
  const given = NAMES.filter((name) => name in credentials);
  if (given.length > 1) throw new TypeError(`Give only one of ${given.join(", ")}.`);
  for (const name of given) {
    const value: unknown = credentials[name];
    const isGiven = typeof value === "string" ? value.trim() !== "" : typeof value === "function" && name !== "key";
    if (!isGiven) throw new TypeError(`The ${name} of the image store is missing.`);
  }
}

/**
 * Returns the value of the header `Authorization`, or undefined without credentials.
 *
 * Throws `invalid_token` for what cannot be a header. The platform would refuse it too, but with the token in its error.
 */
export async function authorizationOf(
  credentials: Credentials,
  options: { refresh: boolean },
): Promise<string | undefined> {
  const source: TokenSource | undefined = credentials.key ?? credentials.token ?? credentials.uploadToken;
  const token = typeof source === "function" ? await source(options) : source;
  if (source === undefined) return undefined;
  const word = typeof token === "string" ? token.trim() : ""; // a variable or a file often ends with a line break
  if (PRINTABLE.test(word)) return `Bearer ${word}`;
  const fault = word
    ? "A key or token is one word of printable ASCII characters."
    : "The function that returns the token returned none.";
  throw new ImageStoreError("invalid_token", fault);
}

/** Says whether another token can be had after the store refused one. */
export function isRenewable(credentials: Credentials): boolean {
  return typeof (credentials.token ?? credentials.uploadToken) === "function";
}
