"""Files built to hurt whoever opens them: small, of every accepted format, each made when it is asked for.

Many follow what was reported against Pillow and the libraries below it: text and profile bombs, frames without
pixels, counts and offsets that lie, pictures that take a decoder many turns.
"""

import struct
from collections.abc import Callable
from functools import partial

from PIL import Image

from tests import pictures
from tests.hostile.avif import AVIFS
from tests.hostile.gif import GIFS
from tests.hostile.jpeg import JPEGS
from tests.hostile.png import PNGS
from tests.hostile.webp import WEBPS


def _largest_progressive() -> bytes:
    """Colour at full resolution, kept in coefficients until the last scan."""
    picture = Image.new("RGB", (6_400, 5_000), (90, 120, 150))
    return pictures.encoded(picture, "JPEG", progressive=True, subsampling=0)


def _largest(file_format: str, mode: str, width: int, height: int, frames: int = 1) -> bytes:
    """A flat picture, tiny for its pixels, that just fits into what such a file is granted."""
    picture = Image.new(mode, (width, height), 90 if len(mode) == 1 else (90, 120, 150, 200)[: len(mode)])
    exact: dict[str, dict[str, object]] = {
        "WEBP": {"method": 0},
        "AVIF": {"speed": 10},
        "PNG": {"compress_level": 1},
    }
    options = dict(exact.get(file_format, {}))
    if frames > 1:
        others = [
            picture.point([(level + index) % 256 for level in range(256)] * len(mode))
            for index in range(1, frames)
        ]
        options |= {"save_all": True, "append_images": others}
    return pictures.encoded(picture, file_format, **options)


FILES: dict[str, Callable[[], bytes]] = {
    **GIFS,
    **PNGS,
    **JPEGS,
    **WEBPS,
    **AVIFS,
    # Two files in one, and files of other formats
    "jpeg and a zip": lambda: pictures.jpeg(64, 48) + b"PK\x03\x04" + bytes(100) + b"PK\x05\x06" + bytes(18),
    "png and a page": lambda: pictures.png(64, 48) + b"<html><script>alert(1)</script></html>",
    "gif and a script": lambda: b"GIF89a/*" + bytes(64) + b"*/=1;alert(1)//;",
    "jpeg in the skin of a png": lambda: b"\x89PNG\r\n\x1a\n" + pictures.jpeg(64, 48),
    "png in the skin of a gif": lambda: b"GIF89a" + pictures.png(64, 48),
    "pdf with a jpeg": lambda: b"%PDF-1.4\n" + pictures.jpeg(64, 48) + b"\n%%EOF",
    "heic that calls itself avif": lambda: pictures.FOREIGN_FILES["heic"].replace(b"ftypheic", b"ftypavif"),
    "mp4 that calls itself avif": lambda: pictures.FOREIGN_FILES["mp4"].replace(b"ftypisom", b"ftypavis"),
    "tiff whose directories loop": lambda: b"II*\x00\x08\x00\x00\x00\x00\x00" + struct.pack("<I", 8),
    "svg that asks for files": lambda: (
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    ),
    **{f"foreign {name}": partial(bytes, data) for name, data in pictures.FOREIGN_FILES.items()},
}
"""By name; making one takes at most a second."""

LARGEST: dict[str, Callable[[], bytes]] = {
    "flat png with alpha": lambda: _largest("PNG", "RGBA", 4_900, 4_900),
    "flat png of colours": lambda: _largest("PNG", "RGB", 8_000, 6_200),
    "flat webp": lambda: _largest("WEBP", "RGB", 4_000, 2_900),
    "flat webp with alpha": lambda: _largest("WEBP", "RGBA", 4_000, 2_900),
    "flat avif": lambda: _largest("AVIF", "RGBA", 4_000, 4_000),
    "still gif": lambda: pictures.gif_claiming(6_000, 6_000),
    "moving gif": lambda: pictures.gif_claiming(2_500, 2_500, frames=8),
    "moving png": lambda: _largest("PNG", "RGBA", 2_700, 2_700, frames=3),
    "moving webp": lambda: _largest("WEBP", "RGBA", 2_200, 2_200, frames=3),
    "moving avif": lambda: _largest("AVIF", "RGB", 2_500, 2_500, frames=3),
    "progressive jpeg": lambda: _largest_progressive(),
}
"""Small files of as many pixels as their memory is granted for; making and reading one takes a second or two."""
