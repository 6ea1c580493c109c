"""Decodes untrusted bytes to pixels, or refuses them with an error code."""

import time
from collections.abc import Collection
from dataclasses import dataclass, replace

from PIL import Image

from image_store.adapters.imaging.color.conversion import conversion_to_srgb, hdr_of, to_working_mode
from image_store.adapters.imaging.decoding.limits import DecodeLimits, Header
from image_store.adapters.imaging.decoding.picture import Picture
from image_store.adapters.imaging.formats.avif import AvifFrames
from image_store.adapters.imaging.formats.gif import GifFrames
from image_store.adapters.imaging.formats.jpeg import JpegFrames
from image_store.adapters.imaging.formats.png_frames import PngFrames
from image_store.adapters.imaging.formats.source import DAMAGED_PROFILE, Frames
from image_store.adapters.imaging.formats.webp import WebpFrames
from image_store.adapters.imaging.rendering.animation import Animation, Film
from image_store.adapters.imaging.rendering.sizes import Size
from image_store.domain.delivery.renditions import Recipe
from image_store.domain.errors import ImageStoreError, ImageTooLarge, InvalidImage, TooManyFrames
from image_store.domain.images.media import MediaType

_AVIF_BYTES_PER_PIXEL = (11, 16)  # still, moving
_HINTS = {
    MediaType.AVIF: " If other programs show it, save it again with one of them, or as a PNG.",
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A verified original.

    `size` is that of the upright picture in full; `picture` may hold fewer pixels.
    """

    picture: Picture
    size: Size
    frames: int
    animation: Animation | None = None
    """None if no recipe is animated, or if an animation would cost too much."""
    warnings: tuple[str, ...] = ()
    """Sentences about what was ignored or looks different."""


def decode(
    data: bytes,
    media_type: MediaType,
    header: Header | None,
    *,
    limits: DecodeLimits,
    recipes: Collection[Recipe],
) -> Decoded:
    """Decode the first frame, and check that the whole file can be decoded; `header` holds the values it claims.

    A JPEG is decoded at the smallest scale (1, 1/2, 1/4 or 1/8) that is large enough for all `recipes`.

    Raises
    ------
    InvalidImage, ImageTooLarge, TooManyFrames
    """
    if header is not None:
        limits.check(header, len(data))
    try:
        return _decode(data, media_type, header, limits=limits, recipes=recipes)
    except (ImageStoreError, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(
            f"The image has more than the {limits.max_pixels:,} pixels that are accepted."
        ) from error
    except Exception as error:  # decoders raise IndexError, struct.error, RuntimeError and more
        raise InvalidImage(
            f"The {media_type.name} is damaged or incomplete: it cannot be decoded to its end."
            + _HINTS.get(media_type, "")
        ) from error


def _decode(
    data: bytes,
    media_type: MediaType,
    header: Header | None,
    *,
    limits: DecodeLimits,
    recipes: Collection[Recipe],
) -> Decoded:
    source = _source(data, media_type, recipes)
    header = header or Header(0, 0, bytes_per_pixel=_AVIF_BYTES_PER_PIXEL[source.count > 1])
    header = replace(header, width=source.size[0], height=source.size[1], frames=source.count)
    limits.check(header, len(data))
    facts = source.facts
    upright_size = Picture(Image.new("1", (1, 1)), facts.orientation).stored_size(source.size)
    film = Film(source, upright_size, recipes=recipes, limits=limits)
    image = _decode_frames(source, header, film, limits=limits, size_bytes=len(data))
    conversion = conversion_to_srgb(facts.colors, image.mode)
    warnings = facts.warnings if conversion.is_understood else (*facts.warnings, DAMAGED_PROFILE)
    hdr = hdr_of(facts.colors)
    if hdr is not None:
        warnings = (*warnings, f"The picture is HDR ({hdr.name}); renditions show it toned down to SDR.")
    return Decoded(
        Picture(image, facts.orientation, conversion.convert),
        upright_size,
        source.count,
        film.animation(),
        warnings,
    )


def _source(data: bytes, media_type: MediaType, recipes: Collection[Recipe]) -> Frames:
    match media_type:
        case MediaType.JPEG:
            return JpegFrames(data, recipes)
        case MediaType.PNG:
            return PngFrames(data)
        case MediaType.GIF:
            return GifFrames(data)
        case MediaType.WEBP:
            return WebpFrames(data)
        case MediaType.AVIF:
            return AvifFrames(data)


def _decode_frames(
    source: Frames, header: Header, film: Film, *, limits: DecodeLimits, size_bytes: int
) -> Image.Image:
    """Decode all frames, and return the first one in a working mode."""
    started = time.thread_time()
    first: Image.Image | None = None
    for image, duration_ms in source.decode():
        limits.check(replace(header, width=image.width, height=image.height), size_bytes)
        if header.frames > 1:
            film.take(image, duration_ms)
        if first is None:
            first = to_working_mode(image)
            if first is image and header.frames > 1:
                first = image.copy()
            # By default encoders write a comment, a profile or a transparent colour from here.
            first.info = {}
        if header.frames > 1 and time.thread_time() - started >= limits.max_decode_time.total_seconds():
            # AV1 frames can be far larger than the container says; the decoder then scales them down.
            raise TooManyFrames("The frames of the animation take too long to decode.")
    if first is None:
        raise InvalidImage("There is no picture in the file.")
    return first
