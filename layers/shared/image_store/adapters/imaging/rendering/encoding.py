"""Encodes a finished picture, and chooses the format of a rendition."""

from collections.abc import Callable, Sequence
from io import BytesIO

from PIL import Image, ImageChops, PngImagePlugin

from image_store.domain.delivery.renditions import Recipe
from image_store.domain.images.media import MediaType

_JPEG_QUALITY = 85
_WEBP_QUALITY = 80
# Of libwebp's 0–6: half the time of its default 4 for about a tenth more bytes.
_WEBP_METHOD = 2
# An animation has many more pixels: 2 would take twice the time and save a tenth of the bytes.
_WEBP_ANIMATION_METHOD = 0
# RFC 9649, 2.7: the flags of VP8X, which every animation begins with.
_WEBP_FEATURES_AT, _WEBP_HAS_ALPHA = 20, 0x10
_PNG_LEVEL = 9
_AVIF_QUALITY = 55
# Of libaom's 0 (thorough) to 10 (fast): a picture of 2048 px takes ten seconds at 5, and less time than WebP at 9.
_AVIF_SPEED = 9
# Below this size a JPEG in one pass is as small, and appears at once anyway.
_PROGRESSIVE_FROM_PX = 512
# Drawings and screenshots have few colours; PNG keeps them crisp and often smaller than JPEG or WebP can.
_FLAT_ART_COLORS = 256
_FLAT_ART_GREYS = 64


def encode(image: Image.Image, recipe: Recipe, *, xmp: bytes = b"") -> tuple[MediaType, bytes]:
    """Encode an upright picture in sRGB (L, LA, RGB, RGBA) as a recipe requires.

    The file contains only the picture and `xmp`. A JPEG shows white where the picture is transparent.
    """
    if recipe.media_type is None:
        return _smallest(image, recipe.quality, xmp)
    return recipe.media_type, _ENCODERS[recipe.media_type](image, recipe.quality, xmp)


def encode_animation(
    frames: Sequence[Image.Image],
    durations_ms: Sequence[int],
    plays: int,
    quality: int | None,
    *,
    xmp: bytes = b"",
) -> bytes:
    """Encode upright frames in sRGB, all of one size, as a WebP that plays `plays` times; 0 means without end."""
    out = BytesIO()
    frames[0].save(
        out,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=list(durations_ms),
        loop=plays,
        quality=quality or _WEBP_QUALITY,
        method=_WEBP_ANIMATION_METHOD,
        # Each frame lossy or lossless, whichever is smaller, and only its changes: best for flat art and for film.
        allow_mixed=True,
        kmin=0,
        kmax=0,
        xmp=xmp,
    )
    animation = bytearray(out.getvalue())
    if any(frame.mode in ("LA", "RGBA") for frame in frames):
        # libwebp may crop transparent parts from every frame, and then does not set the flag.
        animation[_WEBP_FEATURES_AT] |= _WEBP_HAS_ALPHA
    return bytes(animation)


def flatten(image: Image.Image) -> Image.Image:
    """Lay a transparent picture on white; the blend by alpha leaves no dark fringe of hidden colours."""
    if image.mode not in ("LA", "RGBA"):
        return image
    opaque = Image.new(image.mode[:-1], image.size, "white")
    opaque.paste(image.convert(opaque.mode), mask=image.getchannel("A"))
    return opaque


def _smallest(image: Image.Image, quality: int | None, xmp: bytes) -> tuple[MediaType, bytes]:
    if image.mode in ("LA", "RGBA"):
        media_type, data = MediaType.WEBP, _webp(image, quality, xmp)
    else:
        media_type, data = MediaType.JPEG, _jpeg(image, quality, xmp, progressive=True)
    if _is_flat_art(image):
        png = _png(image, None, xmp)
        if len(png) < len(data):
            media_type, data = MediaType.PNG, png
    return media_type, data


def _is_flat_art(image: Image.Image) -> bool:
    limit = _FLAT_ART_GREYS if image.mode == "L" else _FLAT_ART_COLORS
    return image.getcolors(limit) is not None


def _jpeg(image: Image.Image, quality: int | None, xmp: bytes, *, progressive: bool | None = None) -> bytes:
    out = BytesIO()
    flatten(image).save(
        out,
        "JPEG",
        quality=quality or _JPEG_QUALITY,
        progressive=max(image.size) > _PROGRESSIVE_FROM_PX if progressive is None else progressive,
        optimize=True,
        xmp=xmp,
    )
    return out.getvalue()


def _webp(image: Image.Image, quality: int | None, xmp: bytes) -> bytes:
    out = BytesIO()
    image.save(out, "WEBP", quality=quality or _WEBP_QUALITY, method=_WEBP_METHOD, xmp=xmp)
    return out.getvalue()


def _avif(image: Image.Image, quality: int | None, xmp: bytes) -> bytes:
    out = BytesIO()
    image.save(out, "AVIF", quality=quality or _AVIF_QUALITY, speed=_AVIF_SPEED, xmp=xmp)
    return out.getvalue()


def _png(image: Image.Image, quality: int | None, xmp: bytes) -> bytes:
    out = BytesIO()
    text = PngImagePlugin.PngInfo()
    if xmp:
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
    _with_palette(image).save(out, "PNG", compress_level=_PNG_LEVEL, pnginfo=text)
    return out.getvalue()


def _with_palette(image: Image.Image) -> Image.Image:
    """The picture with a palette, a third of the bytes to compress; unchanged if it would lose a colour."""
    if image.mode != "RGB":
        return image
    indexed = image.quantize(_FLAT_ART_COLORS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    is_same = ImageChops.difference(indexed.convert("RGB"), image).getbbox() is None
    return indexed if is_same else image


_ENCODERS: dict[MediaType, Callable[[Image.Image, int | None, bytes], bytes]] = {
    MediaType.JPEG: _jpeg,
    MediaType.PNG: _png,
    MediaType.WEBP: _webp,
    MediaType.AVIF: _avif,
}
