"""AVIFs built to hurt whoever opens them."""

import struct
from collections.abc import Callable

from tests import pictures
from tests.hostile.metadata import profile_of
from tests.odd_pictures.avif import avif_of_one_color, avif_sequence_of, sequence_header, with_boxes


def _avif_with(old: bytes, new: bytes, *, transparent: bool = False) -> bytes:
    picture = pictures.faded(64, 48) if transparent else pictures.quadrants(64, 48)
    data = pictures.encoded(picture, "AVIF", speed=10)
    assert old in data
    return data.replace(old, new)


def _nested_boxes(depth: int) -> bytes:
    box = b""
    for _ in range(depth):
        box = struct.pack(">I", 8 + len(box)) + b"meta" + box
    return b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00avifmif1" + box


def _giant_sequence(*, frames: int, side: int = 4_096) -> bytes:
    """A small animation all of whose frames are one that is coded in many more pixels."""
    tile = avif_of_one_color(4_096).body
    header = sequence_header(side) if side > 4_096 else b""
    return avif_sequence_of([header + tile] * frames)


_SIZE_64_48 = b"ispe" + struct.pack(">III", 0, 64, 48)


AVIFS: dict[str, Callable[[], bytes]] = {
    "avif sequence coded in giant frames": lambda: _giant_sequence(frames=200),
    "avif sequence of one giant frame": lambda: _giant_sequence(frames=1, side=16_384),
    "avif sequence of endless samples": lambda: with_boxes(
        pictures.animation("AVIF", frames=3),
        {
            b"stsz": lambda _: bytes(4) + struct.pack(">II", 20, 2**32 - 1),
            b"stsc": lambda _: bytes(4) + struct.pack(">IIII", 1, 1, 2**32 - 1, 1),
        },
    ),
    "avif that claims more than it has": lambda: _avif_with(
        _SIZE_64_48, b"ispe" + struct.pack(">III", 0, 7_000, 7_000)
    ),
    "avif that claims 900 MP": lambda: _avif_with(
        _SIZE_64_48, b"ispe" + struct.pack(">III", 0, 30_000, 30_000)
    ),
    "avif whose alpha has another size": lambda: _avif_with(
        _SIZE_64_48, b"ispe" + struct.pack(">III", 0, 65, 48), transparent=True
    ),
    "avif without pixels": lambda: _avif_with(_SIZE_64_48, b"ispe" + struct.pack(">III", 0, 0, 0)),
    "avif with a profile of 15 MB": lambda: pictures.avif(64, 48, icc_profile=profile_of(15_000_000)),
    "avif of nested boxes": lambda: _nested_boxes(5_000),
    "avif whose box has no end": lambda: (
        _avif_with(b"\x00\x00\x00\x0cmeta"[-4:], b"meta"[:4]) + b"\x00\x00\x00\x00mdat"
    ),
    "avif of no bits": lambda: _avif_with(b"av1C\x81", b"av1C\x00"),
    "avif whose places lie": lambda: _avif_with(b"iloc", b"iloC"),
}
