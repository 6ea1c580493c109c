import {
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
  type ComponentPropsWithoutRef,
  type ReactNode,
} from "react";
import type { Image } from "../api/types";
import type { ShareReference } from "../delivery/addresses";
import { StoreContext } from "./provider";
import { sourcesOf, type AnyImage, type Choice, type Sources } from "./sources";

const RENEWAL_MS = 60_000;
const BEFORE_THE_BROWSER = "3000px"; // browsers begin to load 2500 px before an image is in sight

export interface StoredImageProps extends Omit<ComponentPropsWithoutRef<"img">, "src" | "srcSet">, Choice {
  /** An image as the API answers it, or an id. */
  image: AnyImage | string;
  /** Shows the image by a share; null shows the placeholder until there is one. Default: the links of the image. */
  share?: ShareReference | null | undefined;
  /** Is rendered in place of an image that cannot be shown. */
  fallback?: ReactNode;
}

/**
 * Shows a stored image, with a placeholder until it has loaded, in a box of its shape.
 *
 * Without a share the links of the image are used. They are renewed a minute before they end, if the image has not
 * loaded by then, and once if it cannot be loaded; that needs an `ImageStoreProvider`, and so does an id.
 * `alt` is the alternative text of the image unless it is given.
 */
export function StoredImage(props: StoredImageProps) {
  return <Picture key={`${idOf(props.image)} ${props.preset}`} {...props} />;
}

/** Browsers give no box to an image without an address. */
const emptyPicture = (width: number | string, height: number | string) =>
  `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='${width}' height='${height}'/%3E`;

const idOf = (image: AnyImage | string) => (typeof image === "string" ? image : image.id);

function Picture({
  image,
  share,
  preset,
  widths,
  fallback,
  alt,
  width,
  height,
  style,
  onLoad,
  onError,
  ...rest
}: StoredImageProps) {
  const store = useContext(StoreContext);
  const element = useRef<HTMLImageElement>(null);
  const [renewal, setRenewal] = useState<{ image: Image; at: number }>();
  const [isDue, setDue] = useState(false);
  const [loaded, setLoaded] = useState<Sources>();
  const [brokenSrc, setBrokenSrc] = useState("");
  const [blur, setBlur] = useState("");

  const id = idOf(image);
  const given = image === id ? undefined : (image as AnyImage);
  const record = given ?? renewal?.image;
  // Without an address yet, the box is the one that it will have.
  const known = sourcesOf(id, share === undefined ? (renewal?.image ?? given) : record, share === null ? "" : share, {
    preset,
    widths,
  });
  const fresh = share === null ? undefined : known;
  // What has loaded stays: a new share or link would only load the same picture again.
  const sources = loaded ?? fresh;
  const src = String(sources?.src);
  const isBroken = brokenSrc === src; // a new share may show it
  const mustRenew = share === undefined && (!fresh || isDue);
  const endsAt = loaded ? Infinity : fresh?.endsAt;

  /** Renews the links; returns whether that is of no use. */
  function fail(): boolean {
    const isLast = share !== undefined || !store || Date.now() - (renewal?.at ?? 0) < RENEWAL_MS;
    if (isLast) setBrokenSrc(src);
    else setDue(true);
    return isLast;
  }

  // An image of a page from a server may have loaded, or failed, before React was there.
  const attach = useCallback((img: HTMLImageElement | null) => {
    element.current = img;
    if (!img?.complete || !img.currentSrc) return;
    if (img.naturalWidth) setLoaded(fresh);
    else fail();
  }, []);

  useEffect(() => {
    if (!mustRenew) return;
    const controller = new AbortController();
    const { signal } = controller;
    void (async () => {
      try {
        await undefined; // Strict Mode ends its first effect before this
        signal.throwIfAborted();
        setRenewal({ image: await store!.images.get(id, { signal }), at: Date.now() });
      } catch {
        // The old link of an image that has not begun to load may still work.
        if (!signal.aborted && element.current?.complete) setBrokenSrc(src);
      }
      if (!signal.aborted) setDue(false);
    })();
    return () => controller.abort();
  }, [mustRenew, store, id]);

  useEffect(() => {
    if (!store || share !== undefined || !Number.isFinite(endsAt)) return;
    let observer: IntersectionObserver | undefined;
    const timer = setTimeout(() => {
      observer = new IntersectionObserver(
        (entries) => entries.some((entry) => entry.isIntersecting) && setDue(true),
        { rootMargin: BEFORE_THE_BROWSER },
      );
      observer.observe(element.current!);
    }, endsAt! - Date.now() - RENEWAL_MS);
    return () => {
      clearTimeout(timer);
      observer?.disconnect();
    };
  }, [store, share === undefined, endsAt]);

  const box = loaded ?? known;
  const ratio = box?.width && box.height && box.width / box.height;
  const w = width ?? (height && ratio ? Math.round(+height * ratio) : box?.width);
  const h = height ?? (width && ratio ? Math.round(+width / ratio) : box?.height);
  const { color, blurhash } = record?.placeholder ?? {};
  const isLoaded = !!loaded;
  useEffect(() => {
    // The colour is there at once, also from a server; the blur is worth a file of its own.
    if (blurhash && !isLoaded) void import("./placeholder").then(({ placeholderOf }) => setBlur(placeholderOf(blurhash)));
  }, [blurhash, isLoaded]);

  if (isBroken && fallback !== undefined) return <>{fallback}</>;
  return (
    <img
      key={renewal?.at}
      ref={attach}
      loading="lazy"
      decoding="async"
      sizes={sources?.srcSet && "auto, 100vw"}
      {...rest}
      width={w}
      height={h}
      alt={alt ?? record?.alt_text ?? record?.title ?? ""}
      style={{
        ...(rest.className ? {} : { maxWidth: "100%", height: "auto" }),
        ...(color && !loaded ? { background: `${color} ${blur}` } : {}),
        ...style,
      }}
      onLoad={(event) => {
        if (!fresh || !event.currentTarget.complete) return; // it was the empty picture
        setLoaded(fresh);
        onLoad?.(event);
      }}
      onError={(event) => {
        if (fail()) onError?.(event);
      }}
      srcSet={sources?.srcSet}
      src={sources?.src ?? (w && h ? emptyPicture(w, h) : undefined)}
    />
  );
}
