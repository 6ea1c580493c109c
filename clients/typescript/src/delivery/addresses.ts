/** An image, or its id. */
export type ImageReference = string | { id: string };

/** A share, or its `url_prefix`. */
export type ShareReference = string | { url_prefix: string | null };

/** The widths that every deployment has unless it sets presets of its own. */
export const DEFAULT_WIDTHS: readonly number[] = [640, 1280, 2048];

/**
 * Builds the address of an image behind a share; it sends no request.
 *
 * `preset` is the name of a preset, by default `display`. Throws TypeError if the caller may not see the share's prefix.
 */
export function src(share: ShareReference, image: ImageReference, preset = "display"): string {
  const prefix = typeof share === "string" ? share : share.url_prefix;
  if (prefix === null) throw new TypeError("The address of this share is hidden: the API key lacks images:write.");
  return `${prefix}/${encodeURIComponent(idOf(image))}/${encodeURIComponent(preset)}`;
}

/** Returns the id of an image. */
export function idOf(image: ImageReference): string {
  return typeof image === "string" ? image : image.id;
}

/** Builds the `srcset` of an image behind a share from the presets `w640` and so on; it sends no request. */
export function srcset(
  share: ShareReference,
  image: ImageReference,
  widths: readonly number[] = DEFAULT_WIDTHS,
): string {
  return widths.map((width) => `${src(share, image, `w${width}`)} ${width}w`).join(", ");
}
