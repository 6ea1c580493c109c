"""From untrusted bytes to pixels, or to a coded refusal."""

import time
import warnings
from collections.abc import Collection
from dataclasses import dataclass, replace
from io import BytesIO

# Importing a plugin registers it; without that Image.open would import all forty.
from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from image_store.adapters.imaging.animation import Animation, Film
from image_store.adapters.imaging.color import conversion_to_srgb, to_working_mode
from image_store.adapters.imaging.limits import DecodeLimits, Header
from image_store.adapters.imaging.picture import Picture
from image_store.adapters.imaging.sizes import Size, size_needed
from image_store.domain.errors import ImageStoreError, ImageTooLarge, InvalidImage, TooManyFrames
from image_store.domain.media import MediaType
from image_store.domain.renditions import Recipe

_PILLOW_FORMATS = {
    MediaType.JPEG: JpegImagePlugin.JpegImageFile.format,
    MediaType.PNG: PngImagePlugin.PngImageFile.format,
    MediaType.GIF: GifImagePlugin.GifImageFile.format,
    MediaType.WEBP: WebPImagePlugin.WebPImageFile.format,
    MediaType.AVIF: AvifImagePlugin.AvifImageFile.format,
}
_ORIENTATION_TAG = 0x0112
_AVIF_BYTES_PER_PIXEL = (11, 16)  # still, moving
# A file keeps one core busy, however many there are: several are decoded at once, and its time can be told.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

# Pillow's own cap is a second line behind `limits`; between its limit and twice that it only warns.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
# Other warnings are about odd metadata, which no rendition carries: nothing an operator could act on.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# Renditions of one upload, and uploads after each other, need the same large buffers again. Giving them back
# in between costs a sixth of the CPU time of a 12 MP photo, in page faults. Small blocks fit every size.
_BLOCK_BYTES, _KEPT_BLOCKS = 1024 * 1024, 128
Image.core.set_block_size(_BLOCK_BYTES)  # type: ignore[attr-defined] # typed only as a private module
Image.core.set_blocks_max(_KEPT_BLOCKS)  # type: ignore[attr-defined] # typed only as a private module


@dataclass(frozen=True, slots=True)
class Decoded:
    """A verified original.

    `size` is that of the whole picture as seen; `picture` may hold fewer pixels.
    """

    picture: Picture
    size: Size
    frames: int
    animation: Animation | None = None
    """Where some recipe wants one and it can be afforded."""


def decode(
    data: bytes,
    media_type: MediaType,
    header: Header | None,
    *,
    limits: DecodeLimits,
    recipes: Collection[Recipe],
) -> Decoded:
    """Decode the first frame, and check that all of the file can be decoded; `header` is what the file claims.

    A JPEG is decoded at the smallest of its scales (1, 1/2, 1/4, 1/8) that still serves all `recipes`.

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
    except Exception as error:  # IndexError, struct.error, RuntimeError… do come out of decoders
        raise InvalidImage(
            f"The {media_type.name} is damaged or incomplete: it cannot be decoded to its end."
        ) from error


def _decode(
    data: bytes,
    media_type: MediaType,
    header: Header | None,
    *,
    limits: DecodeLimits,
    recipes: Collection[Recipe],
) -> Decoded:
    if media_type is MediaType.PNG:
        # Only PNG has checksums; checking them uses the reader up.
        _open(data, media_type).verify()
    opened = _open(data, media_type)
    frames = _frame_count(opened, media_type)
    header = header or Header(0, 0, bytes_per_pixel=_AVIF_BYTES_PER_PIXEL[frames > 1])
    header = replace(header, width=opened.width, height=opened.height, frames=frames)
    limits.check(header, len(data))
    stored_size = opened.size
    if media_type is MediaType.JPEG:
        # Where a size asked for is only a width, it matters which way up the picture is.
        lying = Picture(opened, _orientation(opened))
        opened.draft(None, lying.stored_size(size_needed(lying.stored_size(stored_size), recipes)))
        # In one piece: libjpeg leaves its fast path at the end of every block it is given.
        opened.decodermaxblock = max(len(data), opened.decodermaxblock)
    opened.load()
    first = opened.copy() if frames > 1 else opened
    orientation, profile = _orientation(opened), _profile(opened)
    film = Film(opened, Picture(opened, orientation), profile, frames=frames, recipes=recipes, limits=limits)
    _decode_other_frames(opened, header, film, limits=limits, size_bytes=len(data))
    image = to_working_mode(first)
    # Savers write a comment, a profile or a transparent colour from here when they are not told otherwise.
    image.info = {}
    picture = Picture(image, orientation, conversion_to_srgb(profile, image.mode))
    return Decoded(picture, picture.stored_size(stored_size), frames, film.developed())


def _decode_other_frames(
    opened: ImageFile.ImageFile, header: Header, film: Film, *, limits: DecodeLimits, size_bytes: int
) -> None:
    started = time.thread_time()
    if header.frames > 1:
        film.take()
    for index in range(1, header.frames):
        if time.thread_time() - started >= limits.max_decode_time.total_seconds():
            # AV1 frames can be far larger than the container says, and are then scaled down.
            raise TooManyFrames(f"The frames of the {opened.format} take too long to decode.")
        opened.seek(index)
        limits.check(replace(header, width=opened.width, height=opened.height), size_bytes)
        opened.load()
        film.take()


def _open(data: bytes, media_type: MediaType) -> ImageFile.ImageFile:
    return Image.open(BytesIO(data), formats=(_PILLOW_FORMATS[media_type],))


def _frame_count(opened: ImageFile.ImageFile, media_type: MediaType) -> int:
    # Further pictures in a JPEG (MPO) are previews, depth or gain maps, not an animation.
    return 1 if media_type is MediaType.JPEG else getattr(opened, "n_frames", 1)


def _orientation(opened: ImageFile.ImageFile) -> int:
    try:
        orientation = opened.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # broken EXIF is common, harmless and thrown away anyway
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _profile(opened: ImageFile.ImageFile) -> bytes | None:
    profile = opened.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and profile else None
