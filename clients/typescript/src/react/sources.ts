import type { Card, FeedCard, Image } from "../api/types";
import type { Share } from "../delivery/shares";
import { DEFAULT_WIDTHS, src as addressIn, type ShareReference } from "../delivery/addresses";

/** An image as any route of the API answers it. */
export type AnyImage = Image | Card | FeedCard;

/** What is shown of an image: one preset, or the widths among which the browser chooses. */
export interface Choice {
  /** The name of a preset, such as `thumb`. */
  preset?: string | undefined;
  /** The widths of presets `w640` and so on. Default: 640, 1280 and 2048. */
  widths?: readonly number[] | undefined;
}

/** Where a browser finds a picture, and its size in pixels. */
export interface Sources {
  src: string;
  srcSet: string | undefined;
  width?: number | undefined;
  height?: number | undefined;
  /** When the address ends, in milliseconds since 1970; Infinity if it is not presigned. */
  endsAt: number;
}

const THUMB = "thumb";
const THUMB_PX = 300;

/**
 * Returns where the pictures of an image are: in a share, by its public link, or by its presigned links.
 *
 * Without the image the widths are not limited to its own; without image and share there are none.
 */
export function sourcesOf(
  id: string,
  image: AnyImage | undefined,
  share: ShareReference | undefined,
  { preset, widths = DEFAULT_WIDTHS }: Choice,
): Sources | undefined {
  const { width = Infinity, height = Infinity, ...known } = (image ?? {}) as Partial<Image & FeedCard>;
  const renditions = known.renditions ?? {};
  const presets = (share as Partial<Share> | undefined)?.presets;
  const link = known.public_url;
  const addressOf = (name: string) =>
    share !== undefined ? addressIn(share, id, name) : link ? `${link}/${name}` : (renditions[name]?.url ?? known.thumb_url);

  const whole: { url: string | undefined; width: number }[] = preset
    ? []
    : share !== undefined || link
      ? widths
          // The first width that reaches the image's shows all of it.
          .filter((each, at) => !(widths[at - 1]! >= width) && presets?.includes(`w${each}`) !== false)
          .map((each) => ({ url: addressOf(`w${each}`), width: each }))
      : Object.values(renditions)
          // A rendition of another shape was cropped.
          .filter((each) => Math.abs(each.width * height - each.height * width) <= Math.max(width, height))
          .sort((a, b) => a.width - b.width);

  const name = preset ?? presets?.find((each) => each !== THUMB) ?? THUMB;
  const src = whole.at(-1)?.url ?? addressOf(name);
  if (!src) return undefined;
  const side = Math.min(THUMB_PX, width, height);
  const isThumb = !whole.length && name === THUMB;
  return {
    src,
    srcSet: whole.map((each) => `${each.url} ${each.width}w`).join() || undefined,
    endsAt: endOf(src),
    ...(image && (isThumb ? { width: side, height: side } : (renditions[preset!] ?? { width, height }))),
  };
}

function endOf(url: string): number {
  const query = new URLSearchParams(url.split("?")[1]);
  const date = query.get("X-Amz-Date")?.replace(/(....)(..)(..T..)(..)/, "$1-$2-$3:$4:");
  return date ? Date.parse(date) + +query.get("X-Amz-Expires")! * 1000 : Infinity;
}
