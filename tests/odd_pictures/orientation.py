"""Quadrants that programs turn."""

import struct
from collections.abc import Callable
from functools import partial
from typing import Any

from tests import pictures
from tests.odd_pictures.avif import box, turned_avif
from tests.odd_pictures.jpeg import with_segments
from tests.odd_pictures.png import chunk, with_chunks


def tiff(orientation: int, *, kind: int = 3, count: int = 1, order: str = "<", times: int = 1) -> bytes:
    """EXIF data with an orientation of a type, 3 for SHORT and 4 for LONG, told once or more often."""
    form = {1: "B", 4: "I", 9: "i"}.get(kind, "H")
    value = struct.pack(order + form, orientation).ljust(4, b"\x00")
    entry = struct.pack(f"{order}HHI", 0x0112, kind, count) + value
    head = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}IH", 8, times)
    return head + entry * times + bytes(4)


def quadrants(file_format: str) -> bytes:
    """Four quarters, each of another colour."""
    options: dict[str, dict[str, Any]] = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}
    return pictures.encoded(pictures.quadrants(64, 48), file_format, **options.get(file_format, {}))


def _xmp(orientation: int) -> bytes:
    return b'<x:xmpmeta><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>' % orientation


_EXIF = b"Exif\x00\x00"
TURNED: dict[str, Callable[[], bytes]] = {
    **{
        f"jpeg {number}": partial(
            lambda number: with_segments(quadrants("JPEG"), (0xE1, _EXIF + tiff(number))), number
        )
        for number in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    },
    "jpeg, high byte first": lambda: with_segments(quadrants("JPEG"), (0xE1, _EXIF + tiff(6, order=">"))),
    "jpeg by a byte": lambda: with_segments(quadrants("JPEG"), (0xE1, _EXIF + tiff(6, kind=1))),
    "jpeg by two values": lambda: with_segments(quadrants("JPEG"), (0xE1, _EXIF + tiff(6, count=2))),
    "jpeg by xmp": lambda: with_segments(
        quadrants("JPEG"), (0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + _xmp(6))
    ),
    "jpeg by the first of two": lambda: with_segments(
        quadrants("JPEG"), (0xE1, _EXIF + tiff(6)), (0xE1, _EXIF + tiff(3))
    ),
    "jpeg with a directory that is cut off": lambda: with_segments(
        quadrants("JPEG"), (0xE1, _EXIF + tiff(6, times=9)[:30])
    ),
    "png": lambda: with_chunks(quadrants("PNG"), chunk(b"eXIf", tiff(6))),
    "png, damaged": lambda: with_chunks(quadrants("PNG"), chunk(b"eXIf", tiff(6), is_damaged=True)),
    "png behind the pixels": lambda: with_chunks(
        quadrants("PNG"), chunk(b"eXIf", tiff(6)), is_before_data=False
    ),
    "png by text": lambda: with_chunks(quadrants("PNG"), chunk(b"tEXt", b"exif\x00Exif\x00\x00" + tiff(6))),
    "png by a raw profile": lambda: with_chunks(
        quadrants("PNG"),
        chunk(b"tEXt", b"Raw profile type exif\x00\nexif\n 32\n" + (_EXIF + tiff(6)).hex().encode()),
    ),
    "png by xmp": lambda: with_chunks(
        quadrants("PNG"), chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + _xmp(6))
    ),
    "avif by exif": lambda: turned_avif(exif=tiff(6)),
    "avif by irot": lambda: turned_avif(box(b"irot", b"\x01")),
    "avif by irot, and exif": lambda: turned_avif(box(b"irot", b"\x01"), exif=tiff(3)),
    "avif by imir": lambda: turned_avif(box(b"imir", b"\x00")),
    "avif by imir of the other axis": lambda: turned_avif(box(b"imir", b"\x01")),
    "avif by both": lambda: turned_avif(box(b"irot", b"\x03"), box(b"imir", b"\x01")),
    "avif by xmp": lambda: pictures.encoded(pictures.quadrants(64, 48), "AVIF", xmp=_xmp(6)),
}
"""Quadrants by what says, or does not, which way up they are."""
