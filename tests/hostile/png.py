"""PNGs built to hurt whoever opens them."""

import struct
import zlib
from collections.abc import Callable

from tests import pictures
from tests.hostile.metadata import looping_exif, profile_of
from tests.odd_pictures.png import chunk, with_chunks


def _apng(frames: list[tuple[int, int, int, int, int]], *, declared: int, body: bytes | None = None) -> bytes:
    """An APNG of frames as (sequence, width, height, x, y), which claims to have `declared`."""
    row = zlib.compress((b"\x00" + b"\x80" * 48) * 16)
    header = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"acTL", struct.pack(">II", declared, 0))]
    chunks += [(b"fcTL", struct.pack(">IIIIIHHBB", 0, 16, 16, 0, 0, 1, 10, 0, 0)), (b"IDAT", row)]
    for sequence, width, height, x, y in frames:
        control = struct.pack(">IIIIIHHBB", sequence, width, height, x, y, 0, 0, 2, 1)
        chunks += [(b"fcTL", control), (b"fdAT", struct.pack(">I", sequence + 1) + (body or row))]
    return pictures.png_file([*chunks, (b"IEND", b"")])


def _flat_png(width: int, height: int, *, color_type: int = 2, bits: int = 8, interlaced: int = 0) -> bytes:
    """A PNG of one colour, about a thousandth of its pixels in bytes."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color_type]
    row = b"\x00" * (1 + (width * samples * bits + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, interlaced)
    return pictures.png_file([(b"IHDR", header), (b"IDAT", packed), (b"IEND", b"")])


def _with_chunks(*extra: tuple[bytes, bytes]) -> bytes:
    """A good small PNG with more chunks before its pixels."""
    data = pictures.png(16, 16)
    return data[:33] + pictures.png_file(list(extra))[8:] + data[33:]


def _text_bombs(name: bytes, count: int) -> bytes:
    bomb = pictures.compressed_text_chunk(name, size_bytes=1_000_000)
    return _with_chunks(*[(name, bomb)] * count)


PNGS: dict[str, Callable[[], bytes]] = {
    "png of one colour, 48 MP": lambda: _flat_png(8_000, 6_000, color_type=0, bits=1),
    "png of 16-bit colour with alpha": lambda: _flat_png(2_000, 2_000, color_type=6, bits=16),
    "interlaced png": lambda: _flat_png(1_000, 1_000, interlaced=1),
    "png of one line": lambda: _flat_png(5_000_000, 1),
    "png of one column": lambda: _flat_png(1, 400_000),
    "png with 60 text bombs": lambda: _text_bombs(b"zTXt", 60),
    "png with 500 text bombs": lambda: _text_bombs(b"iTXt", 500),
    "png with profile bombs": lambda: _text_bombs(b"iCCP", 20),
    "png with two headers": lambda: _with_chunks(
        (b"IHDR", struct.pack(">IIBBBBB", 9_000, 9_000, 8, 2, 0, 0, 0))
    ),
    "png with an empty header": lambda: _with_chunks((b"IHDR", b"")),
    "png with an empty sRGB": lambda: _with_chunks((b"sRGB", b"")),
    "png with empty chunks of all names": lambda: _with_chunks(
        *[
            (name, b"")
            for name in (b"gAMA", b"cHRM", b"pHYs", b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"tRNS")
        ]
    ),
    "png whose exif loops": lambda: _with_chunks((b"eXIf", looping_exif()[6:])),
    "png with a palette of nothing": lambda: pictures.png_file(
        [
            (b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 3, 0, 0, 0)),
            (b"IDAT", zlib.compress(bytes(17 * 16))),
            (b"IEND", b""),
        ]
    ),
    "apng with a palette of 3 MB": lambda: with_chunks(
        _apng([(1 + 2 * index, 16, 16, 0, 0) for index in range(899)], declared=900),
        chunk(b"PLTE", bytes(3_000_000)),
    ),
    "apng that claims too many frames": lambda: _apng([(1, 16, 16, 0, 0)], declared=900),
    "apng that claims too few frames": lambda: _apng([(1, 16, 16, 0, 0), (3, 16, 16, 0, 0)], declared=1),
    "apng that claims no frames": lambda: _apng([(1, 16, 16, 0, 0)], declared=0),
    "apng with a wrong sequence": lambda: _apng([(7, 16, 16, 0, 0), (7, 16, 16, 0, 0)], declared=3),
    "apng frame outside": lambda: _apng([(1, 16, 16, 9_000, 9_000)], declared=2),
    "apng frame without pixels": lambda: _apng([(1, 0, 0, 0, 0)], declared=2),
    "apng frame far larger than its canvas": lambda: _apng([(1, 30_000, 30_000, 0, 0)], declared=2),
    "apng frame with nothing in it": lambda: _apng([(1, 16, 16, 0, 0)], declared=2, body=b""),
    "png with a profile of 40 MB": lambda: _with_chunks(
        (b"iCCP", b"icc\x00\x00" + zlib.compress(profile_of(40_000_000)))
    ),
    "png with a profile of 15 MB of noise": lambda: _with_chunks(
        (b"iCCP", b"icc\x00\x00" + b"\xa5" * 15_000_000)
    ),
    "png with 60 MB of text": lambda: _with_chunks(*[(b"tEXt", b"key\x00" + b"x" * 1_000_000)] * 60),
    "png with odd short chunks": lambda: _with_chunks(
        (b"pHYs", b"\x00"), (b"cHRM", bytes(3)), (b"gAMA", b"\x00"), (b"tRNS", b"\x00")
    ),
    "png with a comment without an end": lambda: _with_chunks((b"iTXt", b"key\x00\x01\x00en")),
    "png whose text is no zlib": lambda: _with_chunks((b"zTXt", b"key\x00\x00garbage")),
    "png whose text is packed in no way": lambda: _with_chunks((b"zTXt", b"key\x00\x09garbage")),
    "png with a palette of 300": lambda: _with_chunks((b"PLTE", bytes(900))),
    "png with an unknown critical chunk": lambda: _with_chunks((b"CRIT", b"\x00")),
    "png of no colour type": lambda: pictures.png_claiming(4, 4).replace(b"\x08\x02", b"\x08\x09", 1),
}
