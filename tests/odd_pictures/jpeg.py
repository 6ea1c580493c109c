"""JPEGs that programs show in other colours."""

import struct
from collections.abc import Callable

from PIL import Image

from tests import pictures, profiles
from tests.odd_pictures.png import profile_with_cicp
from tests.odd_pictures.squares import PATCH, patches


def with_segments(jpeg: bytes, *segments: tuple[int, bytes]) -> bytes:
    """A JPEG with more application segments in front."""
    packed = b"".join(
        b"\xff" + bytes((marker,)) + struct.pack(">H", len(body) + 2) + body for marker, body in segments
    )
    return jpeg[:2] + packed + jpeg[2:]


def colored_jpeg(profile: bytes | None = None, mode: str = "RGB") -> bytes:
    """Squares in a JPEG with a profile."""
    return pictures.encoded(patches(mode), "JPEG", quality=100, subsampling=0, icc_profile=profile)


def printed_jpeg() -> bytes:
    """Each colored ink of a press alone, and these over each other, in a JPEG with its profile.

    Between the 16 colours that this profile knows each program finds its own way, and so it does with black: the
    store compensates for the black point, as print shops do, and browsers do not.
    """
    all_inks = [inks for inks in profiles.INKS if not inks[3]]
    image = Image.new("CMYK", (PATCH * len(all_inks), PATCH))
    for index, inks in enumerate(all_inks):
        color = tuple(255 * ink for ink in inks)
        image.paste(color, (PATCH * index, 0, PATCH * (index + 1), PATCH))
    return pictures.encoded(image, "JPEG", quality=100, subsampling=0, icc_profile=profiles.press_profile())


def ultra_hdr() -> bytes:
    """A JPEG as phones write it for HDR screens: a base picture, and behind it a gain map."""
    namespace = b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"'
    xmp = b"http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta><rdf:Description %b/></x:xmpmeta>"
    gain = pictures.encoded(Image.new("L", patches().size, 255), "JPEG")
    gain = with_segments(gain, (0xE1, xmp % (namespace + b' hdrgm:GainMapMax="2" hdrgm:HDRCapacityMax="2"')))
    base = with_segments(colored_jpeg(), (0xE1, xmp % namespace))
    index = b"MPF\x00MM\x00*" + struct.pack(">IH", 8, 3)
    index += struct.pack(">HHI4s", 0xB000, 7, 4, b"0100") + struct.pack(">HHII", 0xB001, 4, 1, 2)
    index += struct.pack(">HHII", 0xB002, 7, 32, 50) + bytes(4)
    size = len(base) + len(index) + 36
    index += struct.pack(">IIIHH", 0x030000, size, 0, 0, 0) + struct.pack(
        ">IIIHH", 0, len(gain), size - 10, 0, 0
    )
    return with_segments(base, (0xE2, index)) + gain


COLORED_JPEGS: dict[str, Callable[[], bytes]] = {
    "P3": lambda: colored_jpeg(profiles.display_p3_profile()),
    "Adobe RGB": lambda: colored_jpeg(profiles.adobe_rgb_profile()),
    "grey": lambda: colored_jpeg(profiles.linear_grey_profile(), "L"),
    "grey with a profile of colours": lambda: colored_jpeg(profiles.adobe_rgb_profile(), "L"),
    "profile of grey": lambda: colored_jpeg(profiles.linear_grey_profile()),
    "profile with numbers of PQ": lambda: colored_jpeg(profile_with_cicp(9, 16)),
    "CMYK": lambda: colored_jpeg(mode="CMYK"),
    "CMYK of a press": printed_jpeg,
    "gain map": ultra_hdr,
}
"""JPEGs by what they say of their colours."""
