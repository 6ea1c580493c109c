"use client";
// A Server Component cannot pass a function to `<Image>`, but it can pass one of a client module.

import { DEFAULT_WIDTHS } from "../delivery/addresses";

/** What Next gives to a loader. */
export interface ImageLoaderInput {
  src: string;
  /** Pixels. */
  width: number;
  quality?: number | undefined;
}

/** An image of a share, or the public link of an image; perhaps with a preset such as `w640`. */
const STORED_IMAGE = /^(.*\/(?:s\/[0-9a-f]{16}\.[\w-]{22}\/[0-9a-f-]{36}|i\/[\w-]{43}))(?:\/w\d+)?$/;

/**
 * Chooses the preset of an image for a width. It is a loader of Next's `<Image>`.
 *
 * `src` is `{share.url_prefix}/{image.id}` or `image.public_url`. Next's `quality` has no effect, because presets have
 * their own. Any other address is returned as it is, so that the loader can be the one of the whole app.
 */
export const imageLoader = imageLoaderFor(DEFAULT_WIDTHS);

/** Makes a loader for a deployment with presets of its own, one `w{width}` for each width. Throws RangeError without widths. */
export function imageLoaderFor(widths: readonly number[]): (input: ImageLoaderInput) => string {
  const ascending = [...widths].sort((one, other) => one - other);
  const widest = ascending.at(-1);
  if (widest === undefined) throw new RangeError("An image loader needs at least one width.");
  return ({ src, width }) => {
    const address = STORED_IMAGE.exec(src)?.[1];
    return address === undefined ? src : `${address}/w${ascending.find((each) => each >= width) ?? widest}`;
  };
}
