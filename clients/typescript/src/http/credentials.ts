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

/** Gives requests the value of their header `Authorization`. */
export interface Authorizer {
  /** Whether another token can be had after the store refused one. */
  readonly isRenewable: boolean;
  /** How many new tokens were requested so far. */
  readonly renewals: number;
  /**
   * Returns the value of the header, or undefined without credentials.
   *
   * `refusedAt` is the number of `renewals` before the request that the store refused: a new token is requested, unless
   * that has happened since. Throws `invalid_token` for what cannot be a token. The platform would refuse it too, but
   * with the token in its error.
   */
  header(refusedAt?: number): Promise<string | undefined>;
}

/** What a bearer token consists of (RFC 6750, section 2.1). */
const TOKEN = /^[\w.~+/-]+=*$/;
/** A platform that cancels a request, such as Workers, may leave its promises pending for ever. */
const MAX_RENEWAL_MS = 60_000;
const NAMES = ["key", "token", "uploadToken"] as const;

/** Throws TypeError for several credentials, and for one that is named but missing: its caller would be nobody. */
export function createAuthorizer(credentials: Credentials): Authorizer {
  const given = NAMES.filter((name) => name in credentials);
  if (given.length > 1) throw new TypeError(`Give only one of ${given.join(", ")}.`);
  for (const name of given) {
    const value: unknown = credentials[name];
    const isGiven = typeof value === "string" ? value.trim() !== "" : typeof value === "function" && name !== "key";
    if (!isGiven) throw new TypeError(`The ${name} of the image store is missing.`);
  }

  const source = given[0] && credentials[given[0]];
  let renewals = 0;
  let renewal: Promise<string | undefined> | undefined;
  let renewingUntil = 0;

  async function read(refresh: boolean): Promise<string | undefined> {
    if (source === undefined) return undefined;
    const token: unknown = typeof source === "function" ? await source({ refresh }) : source;
    const word = typeof token === "string" ? token.trim() : ""; // a variable or a file often ends with a line break
    if (TOKEN.test(word)) return `Bearer ${word}`;
    const { tokenFault } = await import("./token-faults");
    throw new ImageStoreError("invalid_token", tokenFault(token, typeof source));
  }

  async function renew(): Promise<string | undefined> {
    renewals += 1;
    renewingUntil = Date.now() + MAX_RENEWAL_MS;
    try {
      return await read(true);
    } finally {
      renewingUntil = 0;
    }
  }

  return {
    isRenewable: typeof source === "function",
    get renewals() {
      return renewals;
    },
    async header(refusedAt) {
      if (refusedAt === renewals) renewal = renew();
      return refusedAt !== undefined || Date.now() < renewingUntil ? renewal : read(false);
    },
  };
}
