"""WebPs built to hurt whoever opens them."""

import struct
from collections.abc import Callable

from PIL import Image

from tests import pictures
from tests.hostile.metadata import looping_exif, profile_of


def _webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        name + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _webp_canvas(width: int, height: int, flags: int) -> tuple[bytes, bytes]:
    return b"VP8X", bytes((flags, 0, 0, 0)) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(
        3, "little"
    )


def _webp_picture(width: int, height: int) -> tuple[bytes, bytes]:
    data = pictures.encoded(Image.new("RGB", (width, height), (90, 120, 150)), "WEBP", lossless=True)
    return data[12:16], data[20:]


def _webp_frame(x: int, y: int, width: int, height: int) -> tuple[bytes, bytes]:
    name, picture = _webp_picture(width, height)
    box = b"".join((value).to_bytes(3, "little") for value in (x // 2, y // 2, width - 1, height - 1, 0))
    return b"ANMF", box + b"\x00" + name + struct.pack("<I", len(picture)) + picture


WEBPS: dict[str, Callable[[], bytes]] = {
    "webp whose canvas is larger than its picture": lambda: _webp(
        _webp_canvas(5_000, 5_000, 0), _webp_picture(16, 16)
    ),
    "webp whose canvas is smaller than its picture": lambda: _webp(
        _webp_canvas(8, 8, 0), _webp_picture(16, 16)
    ),
    "webp frame outside": lambda: _webp(
        _webp_canvas(16, 16, 2), (b"ANIM", bytes(6)), _webp_frame(100, 100, 16, 16)
    ),
    "webp of 900 frames": lambda: _webp(
        _webp_canvas(300, 300, 2), (b"ANIM", bytes(6)), *[_webp_frame(0, 0, 300, 300)] * 900
    ),
    "webp with two canvases": lambda: _webp(
        _webp_canvas(16, 16, 0), _webp_canvas(16_000, 16_000, 0), _webp_picture(16, 16)
    ),
    "webp with nothing in its frame": lambda: _webp(
        _webp_canvas(16, 16, 2), (b"ANIM", bytes(6)), (b"ANMF", bytes(16))
    ),
    "webp with odd alpha": lambda: _webp(
        _webp_canvas(16, 16, 0x10), (b"ALPH", b"\xff" * 9), _webp_picture(16, 16)
    ),
    "webp with a profile of 15 MB": lambda: pictures.webp(64, 48, icc_profile=profile_of(15_000_000)),
    "webp with a profile of nothing": lambda: _webp(
        _webp_canvas(16, 16, 0x20), (b"ICCP", b""), _webp_picture(16, 16)
    ),
    "webp with odd exif": lambda: _webp(
        _webp_canvas(16, 16, 0x08), _webp_picture(16, 16), (b"EXIF", looping_exif())
    ),
}
