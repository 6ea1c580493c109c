"""PNGs that programs show in other colours."""

import struct
import zlib
from collections.abc import Callable, Sequence
from functools import partial

from tests import pictures, profiles
from tests.odd_pictures.squares import patches

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_P3 = (0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
_WARM_WHITE = (0.3457, 0.3585, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)

type Chunk = tuple[bytes, bytes]


def chunk(name: bytes, body: bytes, *, is_damaged: bool = False) -> bytes:
    """A chunk, with a wrong checksum if it is damaged."""
    checksum = zlib.crc32(name + body) ^ is_damaged
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def with_chunks(png: bytes, *chunks: bytes, is_before_data: bool = True) -> bytes:
    """A PNG with more chunks: behind its header, or before its end."""
    at = 33 if is_before_data else len(png) - 12
    return png[:at] + b"".join(chunks) + png[at:]


def colored_png(*chunks: Chunk, mode: str = "RGB") -> bytes:
    """Squares in a PNG that says this of its colours."""
    return with_chunks(pictures.encoded(patches(mode), "PNG"), *(chunk(*one) for one in chunks))


def gama(encoding: int) -> Chunk:
    """A `gAMA` chunk."""
    return b"gAMA", struct.pack(">I", encoding)


def chrm(numbers: Sequence[float]) -> Chunk:
    """A `cHRM` chunk: white, red, green and blue."""
    return b"cHRM", struct.pack(">8I", *(round(number * 100_000) for number in numbers))


def cicp(primaries: int, transfer: int, matrix: int = 0, is_full_range: int = 1) -> Chunk:
    """A `cICP` chunk."""
    return b"cICP", bytes((primaries, transfer, matrix, is_full_range))


def iccp(profile: bytes) -> Chunk:
    """An `iCCP` chunk."""
    return b"iCCP", b"icc\x00\x00" + zlib.compress(profile)


def profile_with_cicp(primaries: int, transfer: int) -> bytes:
    """A profile that also tells its colours by numbers, as editors write it for HDR: ICC.1:2022, 9.2.17."""
    profile = bytearray(profiles.display_p3_profile())
    (count,) = struct.unpack_from(">I", profile, 128)
    table_end = 132 + 12 * count
    for at in range(132, table_end, 12):
        (start,) = struct.unpack_from(">I", profile, at + 4)
        struct.pack_into(">I", profile, at + 4, start + 12)
    entry = struct.pack(">4sII", b"cicp", len(profile) + 12, 12)
    tag = b"cicp" + bytes(4) + bytes((primaries, transfer, 0, 1))
    data = bytes(profile[:table_end]) + entry + bytes(profile[table_end:]) + tag
    return struct.pack(">I", len(data)) + data[4:128] + struct.pack(">I", count + 1) + data[132:]


_SRGB_CHUNK: Chunk = (b"sRGB", b"\x00")
COLORED_PNGS: dict[str, Callable[[], bytes]] = {
    "gamma 1": lambda: colored_png(gama(100_000)),
    "gamma 1.8": lambda: colored_png(gama(55_556)),
    "gamma 2.2": lambda: colored_png(gama(45_455)),
    "gamma 2.2 and primaries": lambda: colored_png(gama(45_455), chrm(_SRGB)),
    "gamma of nothing": lambda: colored_png(gama(0)),
    "primaries alone": lambda: colored_png(chrm(_P3)),
    "primaries of P3": lambda: colored_png(gama(45_455), chrm(_P3)),
    "a warm white": lambda: colored_png(gama(45_455), chrm(_WARM_WHITE)),
    "primaries of nothing": lambda: colored_png(gama(100_000), chrm((0,) * 8)),
    "srgb and gamma 1": lambda: colored_png(_SRGB_CHUNK, gama(100_000)),
    "gamma 1 and srgb": lambda: colored_png(gama(100_000), _SRGB_CHUNK),
    "profile and srgb": lambda: colored_png(iccp(profiles.display_p3_profile()), _SRGB_CHUNK),
    "profile and gamma 1": lambda: colored_png(iccp(profiles.adobe_rgb_profile()), gama(100_000)),
    "broken profile and gamma 1": lambda: colored_png(iccp(b"garbage"), gama(100_000)),
    "damaged gamma": lambda: with_chunks(colored_png(), chunk(*gama(100_000), is_damaged=True)),
    "gamma behind the pixels": lambda: with_chunks(
        colored_png(), chunk(*gama(100_000)), is_before_data=False
    ),
    "grey in gamma 1": lambda: colored_png(gama(100_000), mode="L"),
    "grey with its profile": lambda: colored_png(iccp(profiles.linear_grey_profile()), mode="L"),
    "grey with a profile of colours": lambda: colored_png(iccp(profiles.adobe_rgb_profile()), mode="L"),
    "grey by numbers": lambda: colored_png(cicp(1, 8), mode="L"),
    "grey in PQ": lambda: colored_png(cicp(9, 16), mode="L"),
    "transparent and in PQ": lambda: colored_png(cicp(9, 16), mode="RGBA"),
    "numbers before a profile": lambda: colored_png(iccp(profiles.swapped_profile()), cicp(12, 13)),
    "numbers of a limited range": lambda: colored_png(cicp(12, 13, 0, 0)),
    "profile with numbers of PQ": lambda: colored_png(iccp(profile_with_cicp(9, 16))),
    "profile with numbers of HLG": lambda: colored_png(iccp(profile_with_cicp(9, 18))),
    **{
        f"primaries {number}": partial(colored_png, cicp(number, 13))
        for number in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22, 99)
    },
    **{
        f"curve {number}": partial(colored_png, cicp(1, number))
        for number in (1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 99)
    },
    **{
        f"HDR {primaries} {transfer}": partial(colored_png, cicp(primaries, transfer))
        for primaries in (9, 12)
        for transfer in (16, 18)
    },
}
"""PNGs by what they say of their colours."""
