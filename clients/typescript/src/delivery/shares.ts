import type { components } from "../api/schema";
import { call } from "../http/calls";
import { unlessAborted } from "../http/signals";
import type { SignalOption, Transport } from "../http/transport";
import { pagesOf, type FiltersOf, type Pages } from "../images/pages";
import { idOf, src, srcset, type ImageReference } from "./addresses";

/** What is shared: one image, the images of a group `type:id`, or all, with those that come later. */
export type ShareTarget = { image: ImageReference } | { group: string } | { all: true };

export type ShareRequest = ShareTarget & {
  /** The presets that are shown. Default: all. No share shows originals. */
  presets?: string[] | undefined;
  /** Seconds, from a minute to 366 days. Default: an hour. */
  expires_in?: number | undefined;
  /** A name for the list of shares. */
  name?: string | undefined;
};

export interface ShareOptions extends SignalOption {
  /**
   * Returns the share that this client has made before for the same caller, owner and request, while at least half of
   * its life is left. Calls at the same time make one share.
   */
  reuse?: boolean | undefined;
}

/** Shares that may be given again, by caller, owner and request. */
export type ReusableShares = Map<string, ReusableShare>;

export interface ReusableShare {
  share: Promise<Share>;
  /** Undefined until it was made. */
  id: string | undefined;
  /** Until when it is given again, in milliseconds since 1970. */
  until: number;
}

type StoredShare = components["schemas"]["Share"];

/** A share, which builds the addresses of its images without a request. */
export interface Share extends StoredShare {
  /** Builds the address of an image. `preset` is `display` by default. Throws TypeError if `url_prefix` is null. */
  src(image: ImageReference, preset?: string): string;
  /** Builds a `srcset` of an image, by default of 640, 1280 and 2048 pixels. Throws TypeError if `url_prefix` is null. */
  srcset(image: ImageReference, widths?: readonly number[]): string;
  /** Revokes the share for good; see `shares.revoke`. */
  revoke(options?: SignalOption): Promise<void>;
}

/** The shares of one owner. */
export interface Shares {
  /** Lists shares, also those that have ended. `limit` is the size of a page. */
  list(filters?: FiltersOf<"/v1/shares">, options?: SignalOption): Pages<Share>;
  /** Revokes a share for good. It stops working within a minute; safe to repeat. */
  revoke(id: string, options?: SignalOption): Promise<void>;
}

export function createShares(transport: Transport, reusable: ReusableShares): Shares {
  return {
    list: (filters, options) =>
      pagesOf(async (cursor) => {
        const page = await call(transport, "GET", "/v1/shares", { query: { ...filters, cursor }, ...options });
        return { ...page, items: page.items.map((stored) => shareOf(transport, reusable, stored)) };
      }),
    revoke: (id, options) => revoke(transport, reusable, id, options),
  };
}

/** Shares images; see `ImageStore.share`. */
export async function share(
  transport: Transport,
  reusable: ReusableShares,
  request: ShareRequest,
  { reuse, signal }: ShareOptions = {},
): Promise<Share> {
  const { image, ...rest } = request as ShareRequest & { image?: ImageReference };
  const json = image === undefined ? rest : { ...rest, image_id: idOf(image) };
  const create = async (options: SignalOption) =>
    shareOf(transport, reusable, await call(transport, "POST", "/v1/shares", { json, ...options }));
  if (!reuse) return create({ signal });
  signal?.throwIfAborted();
  const reused = async () => {
    const { reuseShare } = await import("./reused-shares"); // mostly backends need it
    return reuseShare(reusable, JSON.stringify([await transport.identity(), json]), create);
  };
  return unlessAborted(reused(), signal);
}

function shareOf(transport: Transport, reusable: ReusableShares, stored: StoredShare): Share {
  return {
    ...stored,
    src: (image, preset) => src(stored, image, preset),
    srcset: (image, widths) => srcset(stored, image, widths),
    revoke: (options) => revoke(transport, reusable, stored.id, options),
  };
}

async function revoke(
  transport: Transport,
  reusable: ReusableShares,
  id: string,
  options?: SignalOption,
): Promise<void> {
  for (const [key, share] of reusable) if (share.id === id) reusable.delete(key);
  await call(transport, "DELETE", "/v1/shares/{share_id}", { path: { share_id: id }, ...options });
}
