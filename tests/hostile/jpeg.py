"""JPEGs built to hurt whoever opens them."""

import struct
from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO

from PIL import Image

from tests import pictures, profiles
from tests.hostile.metadata import looping_exif


def _jpeg_with_app(marker: int, body: bytes) -> bytes:
    data = pictures.jpeg(64, 48)
    return data[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body + data[2:]


def _mpo(*, offset: int, count: int = 2) -> bytes:
    """A JPEG whose index of further pictures points somewhere else."""
    out = BytesIO()
    pictures.quadrants(64, 48).save(out, "MPO", save_all=True, append_images=[Image.new("RGB", (16, 16))])
    data = out.getvalue()
    at = data.index(b"MPF\x00") + 4
    index = bytearray(data[at : at + 200])
    number = index.find(struct.pack("<HHI", 0xB001, 4, 1))
    if number >= 0:
        index[number + 8 : number + 12] = struct.pack("<I", count)
    entries = index.find(struct.pack("<H", 0xB002))
    index[entries + 8 : entries + 12] = struct.pack("<I", offset)
    return data[:at] + bytes(index) + data[at + 200 :]


def _many_segments(marker: int, bodies: Sequence[bytes]) -> bytes:
    data = pictures.jpeg(64, 48)
    segments = (bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body for body in bodies)
    return data[:2] + b"".join(segments) + data[2:]


def _jpeg_without(start: bytes, replacement: bytes = b"") -> bytes:
    """A JPEG whose first segment with this marker is replaced."""
    data = pictures.jpeg(64, 48)
    at = data.index(start)
    (length,) = struct.unpack(">H", data[at + 2 : at + 4])
    return data[:at] + replacement + data[at + 2 + length :]


def _jpeg_frame(marker: int, *, bits: int = 8, parts: bytes | None = None, width: int = 64) -> bytes:
    """A JPEG whose frame header is of another kind, depth or make."""
    data = pictures.jpeg(64, 48)
    at = data.index(b"\xff\xc0")
    parts = data[at + 10 : at + 19] if parts is None else parts
    body = struct.pack(">BHHB", bits, 48, width, len(parts) // 3) + parts
    return data[:at] + bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body + data[at + 19 :]


def _odd_profiles() -> list[bytes]:
    """Profiles that lie about their tags, their tables or their space."""
    good, press = profiles.display_p3_profile(), profiles.press_profile()
    table = press.index(b"mft1")
    return [
        good[:128] + struct.pack(">I", 2**32 - 1) + good[132:],
        good[:136] + struct.pack(">II", 2**32 - 4, 2**31) + good[144:],
        good.replace(b"para", b"curv"),
        good.replace(b"RGB ", b"Lab "),
        good.replace(b"mntr", b"link"),
        press[: table + 8] + bytes((4, 3, 255, 0)) + press[table + 12 :],
        press[: table + 8] + bytes((15, 15, 15, 0)) + press[table + 12 :],
    ]


def _exif_entry(kind: int, count: int, value: int, *, tag: int = 0x0112) -> bytes:
    """EXIF of one entry, which may be anything."""
    return b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + struct.pack("<HHHIII", 1, tag, kind, count, value, 0)


JPEGS: dict[str, Callable[[], bytes]] = {
    "jpeg of 10,000 scans": lambda: pictures.jpeg_of_scans(10_000, width=64, height=64),
    "jpeg that claims 49 MP": lambda: pictures.jpeg_claiming(7_000, 7_000),
    "jpeg whose exif loops": lambda: _jpeg_with_app(0xE1, looping_exif()),
    "jpeg whose profile is in 255 pieces": lambda: _jpeg_with_app(
        0xE2, b"ICC_PROFILE\x00\x01\xff" + profiles.display_p3_profile()
    ),
    "jpeg with odd adobe": lambda: _jpeg_with_app(0xEE, b"Adobe\x00\x64"),
    "jpeg with odd photoshop": lambda: _jpeg_with_app(0xED, b"Photoshop 3.0\x008BIM\x04\x04\xff" + bytes(20)),
    "mpo that points outside": lambda: _mpo(offset=2**31 - 1),
    "mpo that points at itself": lambda: _mpo(offset=0),
    "mpo of many": lambda: _mpo(offset=100, count=2**32 - 1),
    **{
        f"jpeg of frame kind {marker:x}": partial(_jpeg_frame, marker)
        for marker in (0xC1, 0xC2, 0xC3, 0xC5, 0xC9, 0xCA, 0xCF)
    },
    "jpeg of 12 bits": lambda: _jpeg_frame(0xC1, bits=12),
    "jpeg of 2 bits": lambda: _jpeg_frame(0xC0, bits=2),
    "jpeg of no components": lambda: _jpeg_frame(0xC0, parts=b""),
    "jpeg of 2 components": lambda: _jpeg_frame(0xC0, parts=b"\x01\x22\x00\x02\x11\x01"),
    "jpeg of 85 components": lambda: _jpeg_frame(0xC0, parts=b"\x01\x11\x00" * 85),
    "jpeg sampled 4 by 4": lambda: _jpeg_frame(0xC0, parts=b"\x01\x44\x00\x02\x14\x01\x03\x41\x01"),
    "jpeg without tables": lambda: _jpeg_without(b"\xff\xdb"),
    "jpeg without codes": lambda: _jpeg_without(b"\xff\xc4"),
    "jpeg with a table of odd length": lambda: _jpeg_without(b"\xff\xdb", b"\xff\xdb\x00\x05\x00\x01\x02"),
    "jpeg with codes that overflow": lambda: _jpeg_without(
        b"\xff\xc4", b"\xff\xc4\x00\x13\x00" + b"\xff" * 16
    ),
    "jpeg that restarts at once": lambda: pictures.jpeg(64, 48).replace(
        b"\xff\xda", b"\xff\xdd\x00\x04\x00\x01\xff\xda", 1
    ),
    "jpeg in a jpeg": lambda: pictures.jpeg(64, 48)[:2] + pictures.jpeg(32, 32) + pictures.jpeg(64, 48)[2:],
    "jpeg with short jfif": lambda: _jpeg_with_app(0xE0, b"JFIF\x00\x01"),
    "jpeg with short exif": lambda: _jpeg_with_app(0xE1, b"Exif\x00\x00MM\x00"),
    "jpeg with odd multi-picture": lambda: _jpeg_with_app(0xE2, b"MPF\x00II*\x00\xff\xff\xff\x7f"),
    "jpeg with 255 empty profiles": lambda: _many_segments(0xE2, [b"ICC_PROFILE\x00\x00\x00"] * 255),
    "jpeg with a profile of 14 MB": lambda: _many_segments(
        0xE2, [b"ICC_PROFILE\x00" + bytes((index, 220)) + b"\x7f" * 65_000 for index in range(1, 221)]
    ),
    "jpeg whose exif has 2^32 orientations": lambda: _jpeg_with_app(0xE1, _exif_entry(3, 2**32 - 1, 26)),
    "jpeg whose orientation is a text": lambda: _jpeg_with_app(0xE1, _exif_entry(2, 4, 0x41414141)),
    "jpeg whose orientation is 1/0": lambda: _jpeg_with_app(0xE1, _exif_entry(5, 1, 14)),
    "jpeg whose orientation is of no kind": lambda: _jpeg_with_app(0xE1, _exif_entry(99, 1, 6)),
    "jpeg whose exif is a big tiff": lambda: _jpeg_with_app(
        0xE1, b"Exif\x00\x00II+\x00\x08\x00\x00\x00" + b"\xff" * 60
    ),
    "jpeg whose resolution is 1/0": lambda: _jpeg_with_app(0xE1, _exif_entry(5, 1, 8, tag=0x011A)),
    **{
        f"jpeg with odd profile {index}": partial(pictures.jpeg, 64, 48, icc_profile=profile)
        for index, profile in enumerate(_odd_profiles())
    },
    **{
        f"cmyk jpeg with odd profile {index}": partial(
            pictures.encoded, Image.new("CMYK", (32, 32)), "JPEG", icc_profile=profile
        )
        for index, profile in enumerate(_odd_profiles())
    },
}
