"""Converts every kind of pixel to 8-bit grey, RGB or CMYK, and from there to sRGB."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import product

from PIL import Image, ImageChops, ImageCms

from image_store.adapters.imaging.color.colorimetry import (
    BT709,
    CURVES,
    HLG,
    PQ,
    PRIMARIES,
    SRGB_CURVE,
    ColorSpace,
    Curve,
    grey_profile,
    rgb_profile,
)
from image_store.adapters.imaging.color.hdr import Hdr, tone_mapping

MAX_PROFILE_BYTES = 4 * 1024 * 1024
"""Larger ICC profiles are not read; the profiles of printing presses reach 3 MB."""

_MOST_PROFILE_TAGS = 1_000
_SRGB_NUMBERS = ColorSpace(BT709, SRGB_CURVE)
_WORKING_MODES = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})
# A difference of two levels of 255 is invisible; sRGB profiles of different makers differ by about one.
_SAME_COLOR_TOLERANCE = 2
_PROBE_LEVELS = (0, 32, 64, 96, 128, 160, 192, 224, 255)


def to_working_mode(image: Image.Image) -> Image.Image:
    """Convert a decoded image to L, LA, RGB, RGBA or CMYK, without alpha if every pixel is opaque."""
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
    """Repair a frame whose own palette lists the greys: Pillow 13 decodes it but keeps the other palette."""
    indices = image.copy()  # a copy takes its mode from the pixels
    grey = Image.frombytes("L", indices.size, indices.tobytes())
    grey.info = image.info
    return grey


def _with_alpha_band(image: Image.Image) -> Image.Image:
    key = image.info.get("transparency")
    if image.mode == "RGB" and isinstance(key, tuple) and max(key) > 255:
        # Pillow reads only the high bytes of a 16-bit PNG, but its transparent colour still has 16 bits.
        image.info["transparency"] = tuple(level >> 8 for level in key)
    return image.convert("LA" if image.mode in ("1", "L") else "RGBA")


def _eight_bit_grey(image: Image.Image) -> Image.Image:
    """Keep the high byte of 16-bit grey; Pillow's own conversion clips everything above 255."""
    low, high = Image.frombytes("LA", image.size, image.tobytes()).split()
    key = image.info.get("transparency")
    if not isinstance(key, int):
        return high
    is_key = ImageChops.multiply(_equals(low, key & 0xFF), _equals(high, key >> 8))
    return Image.merge("LA", (high, ImageChops.invert(is_key)))


def _equals(image: Image.Image, level: int) -> Image.Image:
    return image.point([255 * (value == level) for value in range(256)])


type ColorTag = bytes | ColorSpace | Hdr | None
"""The colours that a file declares: an ICC profile, a colour space by numbers, HDR, or nothing."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """How to convert pictures of one mode to sRGB.

    `convert` is None if they are sRGB. `is_understood` is false for a profile that is broken or made for another kind
    of pixel: it is ignored, as in browsers.
    """

    convert: Callable[[Image.Image], Image.Image] | None
    is_understood: bool = True


def conversion_to_srgb(tag: ColorTag, mode: str) -> Conversion:
    """How to convert a picture of `mode` to sRGB, from the colours that its file declares.

    A picture without a tag is sRGB; CMYK without a usable tag is converted by the simple formula. Grey stays grey.
    """
    base = mode.removesuffix("A") if mode in ("LA", "RGBA") else mode
    hdr = hdr_of(tag)
    if hdr is not None and base != "CMYK":
        return Conversion(_beside_alpha(tone_mapping(hdr), base, "RGB"))
    if tag == _SRGB_NUMBERS:
        return Conversion(None)
    profile, input_mode = _profile_for(tag, base)
    if profile is None:
        return Conversion(_plain_cmyk_to_rgb if base == "CMYK" else None, is_understood=tag is None)
    transform = _transform(profile, input_mode)
    if transform is None:
        return Conversion(_plain_cmyk_to_rgb if base == "CMYK" else None, is_understood=False)
    if _changes_nothing(transform, input_mode):
        return Conversion(None)
    return Conversion(_beside_alpha(lambda image: _apply(transform, image), base, input_mode))


def _beside_alpha(
    convert: Callable[[Image.Image], Image.Image], base: str, input_mode: str
) -> Callable[[Image.Image], Image.Image]:
    """The same conversion for pictures with or without alpha, in grey or in colour."""

    def convert_beside_alpha(image: Image.Image) -> Image.Image:
        alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
        opaque = image if image.mode == input_mode else image.convert(base).convert(input_mode)
        converted = convert(opaque)
        if base == "L":
            converted = converted.convert("L")
        if alpha is not None:
            converted.putalpha(alpha)
        return converted

    return convert_beside_alpha


def _profile_for(tag: ColorTag, base: str) -> tuple[bytes | None, str]:
    """The ICC profile to apply, and the mode of the pictures that it is made for."""
    if isinstance(tag, ColorSpace):
        try:
            return (grey_profile(tag.curve), base) if base == "L" else (rgb_profile(tag), base)
        except ValueError:
            return None, base
    if isinstance(tag, bytes) and base == "L" and tag[16:20] == b"RGB ":
        return tag, "RGB"
    return (tag, base) if isinstance(tag, bytes) else (None, base)


def hdr_of(tag: ColorTag) -> Hdr | None:
    """The kind of HDR that a file declares; None if it is not HDR."""
    if isinstance(tag, bytes):
        return _hdr_of_profile(tag)
    return tag if isinstance(tag, Hdr) else None


def _hdr_of_profile(profile: bytes) -> Hdr | None:
    """The HDR that the `cicp` tag of a profile declares: ICC.1:2022, 9.2.17 and 10.3; None without one."""
    count = int.from_bytes(profile[128:132], "big")
    for at in range(132, min(132 + 12 * count, len(profile) - 11, 132 + 12 * _MOST_PROFILE_TAGS), 12):
        if profile[at : at + 4] == b"cicp":
            start = int.from_bytes(profile[at + 4 : at + 8], "big")
            numbers = profile[start + 8 : start + 12]
            tag = tag_of_cicp(*numbers[:2]) if len(numbers) == 4 else None
            return tag if isinstance(tag, Hdr) else None
    return None


def tag_of_cicp(
    primaries: int, transfer: int, *, unknown_curve: Curve | None = None
) -> ColorSpace | Hdr | None:
    """The colours that two numbers of H.273 name; None if they are unknown.

    With an `unknown_curve` one known number is enough: it replaces an unknown curve, and BT.709 unknown primaries.
    """
    by_primaries = PRIMARIES.get(primaries)
    if by_primaries is None and unknown_curve is not None:
        by_primaries = BT709
    if by_primaries is None:
        return None
    if transfer in (PQ, HLG):
        return Hdr(by_primaries, transfer)
    curve = CURVES.get(transfer, unknown_curve)
    return None if curve is None else ColorSpace(by_primaries, curve)


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
        _apply(transform, _probe(base))
    except Exception:  # for a broken profile littleCMS raises many kinds of errors
        return None
    return transform


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _apply(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # noqa: S101 - None only answers in-place transforms
    converted.info = {}  # littleCMS leaves its output profile there, and savers would write it
    return converted


def _changes_nothing(transform: ImageCms.ImageCmsTransform, base: str) -> bool:
    """Whether a transform leaves a few test colours as they are: most profiles are variants of sRGB."""
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
    if base == "CMYK":
        return Image.new("CMYK", (1, 1))
    colors = bytes(level for color in product(_PROBE_LEVELS, repeat=3) for level in color)
    return Image.frombytes("RGB", (len(colors) // 3, 1), colors)


def _band_extrema(image: Image.Image) -> tuple[tuple[int, int], ...]:
    return tuple(band.getextrema() for band in image.split())  # type: ignore[misc]
