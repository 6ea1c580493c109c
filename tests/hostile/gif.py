"""GIFs built to hurt whoever opens them."""

import struct
from collections.abc import Callable
from functools import cache

from PIL import Image

from tests import pictures

_GIF_HEAD = b"GIF89a\x10\x00\x10\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
_GIF_PIXEL = b"\x02\x02\x44\x01\x00"


@cache
def _gif_pixels(width: int, height: int) -> bytes:
    """The packed pixels of a frame of one colour."""
    if not width * height or width * height > 1_000_000:
        return _GIF_PIXEL
    data = pictures.encoded(Image.new("P", (width, height)), "GIF")
    return data[data.index(b"," + bytes(4) + struct.pack("<HH", width, height)) + 10 : -1]


def _gif_frames(*boxes: tuple[int, int, int, int], control: bytes = b"") -> bytes:
    frames = (control + b"," + struct.pack("<HHHHB", *box, 0) + _gif_pixels(*box[2:]) for box in boxes)
    return _GIF_HEAD + b"".join(frames) + b";"


GIFS: dict[str, Callable[[], bytes]] = {
    "gif frame without pixels": lambda: _gif_frames((0, 0, 0, 0)),
    "gif frames without width": lambda: _gif_frames((0, 0, 16, 16), (0, 0, 0, 16), (0, 0, 16, 0)),
    "gif frame far outside": lambda: _gif_frames((0, 0, 16, 16), (60_000, 0, 5_000, 10)),
    "gif frames that grow": lambda: _gif_frames(
        *[(0, 0, 1 + index // 100, 1 + index // 100) for index in range(1_200)]
    ),
    "gif canvas far larger than frames": lambda: pictures.gif_claiming(6_000, 6_000),
    "gif of 1,000 frames": lambda: pictures.gif_claiming(300, 300, frames=1_000),
    "gif of large frames": lambda: pictures.gif_claiming(2_000, 2_000, frames=24, frame_size=(2_000, 2_000)),
    "gif restored to nothing": lambda: _gif_frames(
        (0, 0, 16, 16), (2, 2, 4, 4), control=b"!\xf9\x04\x0d\x00\x00\xff\x00"
    ),
    "gif without palette": lambda: b"GIF89a\x10\x00\x10\x00\x00\x00\x00," + bytes(9) + _GIF_PIXEL + b";",
    "gif with code size 12": lambda: (
        _GIF_HEAD + b"," + struct.pack("<HHHHB", 0, 0, 16, 16, 0) + b"\x0c\x02\x44\x01\x00;"
    ),
    "gif whose loop is cut off": lambda: (
        _GIF_HEAD + b"!\xff\x0bNETSCAPE2.0\x01\x01\x00" + _gif_frames((0, 0, 4, 4))[19:]
    ),
    "gif with an empty application": lambda: _GIF_HEAD + b"!\xff\x00" + _gif_frames((0, 0, 4, 4))[19:],
    "gif with a short control": lambda: _gif_frames((0, 0, 4, 4), control=b"!\xf9\x01\x01\x00"),
    "gif with an empty comment": lambda: _gif_frames((0, 0, 16, 16), control=b"!\xfe\x00"),
    "gif that is transparent beyond its palette": lambda: _gif_frames(
        (0, 0, 16, 16), (0, 0, 8, 8), control=b"!\xf9\x04\x09\x00\x00\xfe\x00"
    ),
}
