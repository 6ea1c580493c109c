"""Bringing every kind of pixel to 8-bit grey, RGB or CMYK, and from there to sRGB."""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from itertools import product

from PIL import Image, ImageChops, ImageCms

MAX_PROFILE_BYTES = 4 * 1024 * 1024
"""Larger ICC profiles are not read; the profiles of printing presses reach 3 MB."""

_WORKING_MODES = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})
# Two levels of 255 are invisible, and sRGB profiles of different makers differ by about one.
_SAME_COLOR_TOLERANCE = 2
_PROBE_LEVELS = (0, 32, 64, 96, 128, 160, 192, 224, 255)


def to_working_mode(image: Image.Image) -> Image.Image:
    """Bring an image as decoded to L, LA, RGB, RGBA or CMYK; alpha is dropped where it hides nothing."""
    if (image.mode, image.im.mode) == ("L", "P"):
        image = _grey_frame_in_a_colored_gif(image)
    if image.mode == "I;16":
        image = _eight_bit_grey(image)
    elif image.mode not in ("LA", "RGBA", "PA") and image.has_transparency_data:
        image = _with_alpha_band(image)
    if image.mode not in _WORKING_MODES:
        image = image.convert({"1": "L", "PA": "RGBA"}.get(image.mode, "RGB"))
    if image.mode in ("LA", "RGBA") and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert(image.mode[:-1])
    return image


def _grey_frame_in_a_colored_gif(image: Image.Image) -> Image.Image:
    """Mend what Pillow 13 makes of a frame whose own palette lists the greys: it keeps the other palette."""
    indices = image.copy()  # a copy takes its mode from the pixels
    grey = Image.frombytes("L", indices.size, indices.tobytes())
    grey.info = image.info
    return grey


def _with_alpha_band(image: Image.Image) -> Image.Image:
    key = image.info.get("transparency")
    if image.mode == "RGB" and isinstance(key, tuple) and max(key) > 255:
        # A 16-bit PNG was read as its high bytes; its transparent colour still has 16 bits.
        image.info["transparency"] = tuple(level >> 8 for level in key)
    return image.convert("LA" if image.mode in ("1", "L") else "RGBA")


def _eight_bit_grey(image: Image.Image) -> Image.Image:
    """Keep the high byte of 16-bit grey; Pillow's own conversion cuts off everything above 255."""
    low, high = Image.frombytes("LA", image.size, image.tobytes()).split()
    key = image.info.get("transparency")
    if not isinstance(key, int):
        return high
    is_key = ImageChops.multiply(_equals(low, key & 0xFF), _equals(high, key >> 8))
    return Image.merge("LA", (high, ImageChops.invert(is_key)))


def _equals(image: Image.Image, level: int) -> Image.Image:
    return image.point([255 * (value == level) for value in range(256)])


def conversion_to_srgb(profile: bytes | None, mode: str) -> Callable[[Image.Image], Image.Image] | None:
    """How to bring a picture of `mode` with this embedded ICC profile to sRGB; None when it is sRGB.

    Like in browsers, a profile that is broken, or made for another kind of pixel, is as good as none, and
    what has no profile is sRGB. CMYK without a usable profile is converted by the simple formula. Grey stays
    grey.
    """
    base = mode.removesuffix("A") if mode in ("LA", "RGBA") else mode
    transform = _transform(profile, base) if profile else None
    if transform is None:
        return _plain_cmyk_to_rgb if base == "CMYK" else None

    def convert(image: Image.Image) -> Image.Image:
        alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
        converted = _apply(transform, image if alpha is None else image.convert(base))
        if base == "L":
            converted = converted.convert("L")
        if alpha is not None:
            converted.putalpha(alpha)
        return converted

    return convert


def _plain_cmyk_to_rgb(image: Image.Image) -> Image.Image:
    return image.convert("RGB")


def _transform(profile: bytes, base: str) -> ImageCms.ImageCmsTransform | None:
    if len(profile) > MAX_PROFILE_BYTES:
        return None
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            _srgb(),
            base,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return None if _changes_nothing(transform, base) else transform
    except Exception:  # littleCMS reports a broken profile by whatever comes out of its C code
        return None


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _apply(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # noqa: S101 - None only answers in-place transforms
    converted.info = {}  # littleCMS leaves its output profile there, and savers would write it
    return converted


def _changes_nothing(transform: ImageCms.ImageCmsTransform, base: str) -> bool:
    """Try the transform on a few colours: most profiles are one of the many writings of sRGB."""
    if base == "CMYK":
        return False
    probe = _probe(base)
    expected = probe if base == "RGB" else probe.convert("RGB")
    difference = ImageChops.difference(expected, _apply(transform, probe))
    return max(high for _, high in _band_extrema(difference)) <= _SAME_COLOR_TOLERANCE


@cache
def _probe(base: str) -> Image.Image:
    if base == "L":
        return Image.frombytes("L", (len(_PROBE_LEVELS), 1), bytes(_PROBE_LEVELS))
    colors = bytes(level for color in product(_PROBE_LEVELS, repeat=3) for level in color)
    return Image.frombytes("RGB", (len(colors) // 3, 1), colors)


def _band_extrema(image: Image.Image) -> tuple[tuple[int, int], ...]:
    return tuple(band.getextrema() for band in image.split())  # type: ignore[misc]
