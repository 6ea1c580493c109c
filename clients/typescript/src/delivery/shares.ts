import type { components } from "../api/schema";
import { call } from "../http/calls";
import type { SignalOption, Transport } from "../http/transport";
import { pagesOf, type FiltersOf, type Pages } from "../images/pages";
import { idOf, src, srcset, type ImageReference } from "./addresses";

/** What is shared: one image, the images of a group `type:id`, or all, with those that come later. */
export type ShareTarget = { image: ImageReference } | { group: string } | { all: true };

export type ShareOptions = ShareTarget & {
  /** The presets that are shown. Default: all. No share shows originals. */
  presets?: string[] | undefined;
  /** Seconds, from a minute to 366 days. Default: an hour. */
  expiresIn?: number | undefined;
  /** A name for the list of shares. */
  name?: string | undefined;
};

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

export function createShares(transport: Transport): Shares {
  return {
    list: (filters, options) =>
      pagesOf(async (cursor) => {
        const page = await call(transport, "GET", "/v1/shares", { query: { ...filters, cursor }, ...options });
        return { ...page, items: page.items.map((stored) => shareOf(transport, stored)) };
      }),
    revoke: (id, options) => revoke(transport, id, options),
  };
}

/** Shares images. */
export async function share(transport: Transport, options: ShareOptions & SignalOption): Promise<Share> {
  const { presets, expiresIn, name, signal, ...target } = options;
  const what = "image" in target ? { image_id: idOf(target.image) } : target;
  const json = { ...what, presets, expires_in: expiresIn, name };
  return shareOf(transport, await call(transport, "POST", "/v1/shares", { json, signal }));
}

function shareOf(transport: Transport, stored: StoredShare): Share {
  return {
    ...stored,
    src: (image, preset) => src(stored, image, preset),
    srcset: (image, widths) => srcset(stored, image, widths),
    revoke: (options) => revoke(transport, stored.id, options),
  };
}

function revoke(transport: Transport, id: string, options?: SignalOption): Promise<undefined> {
  return call(transport, "DELETE", "/v1/shares/{share_id}", { path: { share_id: id }, ...options });
}
