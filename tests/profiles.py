"""ICC profiles of screens and presses, made in memory."""

import struct
from collections.abc import Sequence
from itertools import product

from PIL import Image, ImageCms

_D50 = (0.9642, 1.0, 0.8249)
_P3_RED = (0.51512, 0.24120, -0.00105)
_P3_GREEN = (0.29198, 0.69225, 0.04189)
_P3_BLUE = (0.15710, 0.06657, 0.78407)


def display_p3_profile() -> bytes:
    """Display P3, the profile of phone cameras: its (234, 51, 35) is the full red of sRGB."""
    return _rgb_profile(_P3_RED, _P3_GREEN, _P3_BLUE)


def adobe_rgb_profile() -> bytes:
    """Adobe RGB (1998), the profile of many cameras: a wider green, and a plain gamma of 2.2."""
    gamma = b"curv" + bytes(4) + struct.pack(">IH", 1, 563)
    return _rgb_profile(
        (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457), gamma
    )


INKS: dict[tuple[int, int, int, int], tuple[int, int, int]] = {
    (0, 0, 0, 0): (255, 255, 255),
    (1, 0, 0, 0): (0, 158, 224),
    (0, 1, 0, 0): (230, 0, 126),
    (0, 0, 1, 0): (255, 237, 0),
    (0, 1, 1, 0): (227, 6, 19),
    (1, 0, 1, 0): (0, 150, 64),
    (1, 1, 0, 0): (49, 39, 131),
    (1, 1, 1, 0): (58, 54, 53),
    (0, 0, 0, 1): (29, 29, 27),
}
"""How the inks of a usual press look, alone and over each other, in sRGB; with black the rest hardly matters."""


def press_profile() -> bytes:
    """CMYK as a usual press prints it: full cyan is a sky blue and not the glaring one of screens."""
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    corners = b""
    for inks in product((0, 1), repeat=4):
        color = INKS[inks] if inks in INKS else INKS[0, 0, 0, 1]
        patch = ImageCms.applyTransform(Image.new("RGB", (1, 1), color), to_lab)
        assert patch is not None
        lightness, a, b = patch.tobytes()
        # Pillow keeps a and b as signed bytes, a profile counts them from -128.
        corners += bytes((lightness, a ^ 0x80, b ^ 0x80))
    return _cmyk_profile(corners)


def swapped_profile() -> bytes:
    """A profile in which the first channel is green and the second red: no picture survives ignoring it."""
    return _rgb_profile(_P3_GREEN, _P3_RED, _P3_BLUE)


def linear_grey_profile() -> bytes:
    """Grey in linear light: its 128 is about 188 in sRGB."""
    return _profile(b"GRAY", b"XYZ ", {b"wtpt": _xyz(_D50), b"kTRC": b"curv" + bytes(8)})


def all_grey_cmyk_profile() -> bytes:
    """A press that prints no ink as white and every ink as the same middle grey."""
    return _cmyk_profile(bytes((255, 128, 128)) + bytes((128, 128, 128)) * 15)


def _cmyk_profile(corners: bytes) -> bytes:
    """A profile that knows the colours, in Lab, of the 16 ways to print all or nothing of four inks."""
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    ramp = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + ramp * 4 + corners + ramp * 3
    return _profile(b"CMYK", b"Lab ", {b"wtpt": _xyz(_D50), b"A2B0": table}, device=b"prtr")


def _rgb_profile(
    red: Sequence[float], green: Sequence[float], blue: Sequence[float], curve: bytes | None = None
) -> bytes:
    # The curve of sRGB as a parametric curve of type 3: ICC.1:2022, 10.18.
    fixed = [round(value * 65536) for value in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)]
    curve = curve or b"para" + bytes(4) + struct.pack(">HH5i", 3, 0, *fixed)
    colorants = {b"rXYZ": _xyz(red), b"gXYZ": _xyz(green), b"bXYZ": _xyz(blue)}
    curves = {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    return _profile(b"RGB ", b"XYZ ", {b"wtpt": _xyz(_D50), **colorants, **curves})


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


def _profile(space: bytes, connection: bytes, tags: dict[bytes, bytes], *, device: bytes = b"mntr") -> bytes:
    """An ICC profile: ICC.1:2022, section 7."""
    padded = {name: value + bytes(-len(value) % 4) for name, value in tags.items()}
    at = 128 + 4 + 12 * len(padded)
    table, body = struct.pack(">I", len(padded)), b""
    for name, value in padded.items():
        table += name + struct.pack(">II", at + len(body), len(value))
        body += value
    version = 0x02400000 if b"A2B0" in tags else 0x04300000
    header = struct.pack(">I4sI4s4s4s", at + len(body), bytes(4), version, device, space, connection)
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", *(round(v * 65536) for v in _D50))
    return header.ljust(128, b"\x00") + table + body
