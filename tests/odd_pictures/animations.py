"""GIFs and animated PNGs that programs show differently: in parts, cleared, or told wrongly."""

import random
import struct
import zlib
from collections.abc import Callable
from io import BytesIO

from PIL import Image

from tests import pictures
from tests.odd_pictures.png import SIGNATURE, chunk

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
SIZE = (64, 48)
_END = chunk(b"IEND", b"")
_PALETTE = bytes(
    level for index in range(8) for level in ((index & 1) * 255, (index >> 1 & 1) * 200, (index >> 2) * 150)
)


def control(frames: int, plays: int = 0, *, is_damaged: bool = False) -> bytes:
    """An `acTL` chunk."""
    return chunk(b"acTL", struct.pack(">II", frames, plays), is_damaged=is_damaged)


def frame_control(
    sequence: int,
    size: tuple[int, int] = SIZE,
    place: tuple[int, int] = (0, 0),
    *,
    disposal: int = 0,
    blend: int = 0,
    delay: tuple[int, int] = (1, 10),
    is_damaged: bool = False,
) -> bytes:
    """An `fcTL` chunk."""
    body = struct.pack(">IIIIIHHBB", sequence, *size, *place, *delay, disposal, blend)
    return chunk(b"fcTL", body, is_damaged=is_damaged)


def rows(color: tuple[int, int, int], size: tuple[int, int] = SIZE) -> bytes:
    """The packed pixels of one colour."""
    return zlib.compress((b"\x00" + bytes(color) * size[0]) * size[1])


def data(color: tuple[int, int, int]) -> bytes:
    """An `IDAT` chunk of one colour."""
    return chunk(b"IDAT", rows(color))


def frame_data(sequence: int, color: tuple[int, int, int], size: tuple[int, int] = SIZE) -> bytes:
    """An `fdAT` chunk of one colour."""
    return chunk(b"fdAT", struct.pack(">I", sequence) + rows(color, size))


def apng(*chunks: bytes, end: bytes = _END) -> bytes:
    """A PNG of these chunks."""
    return SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", *SIZE, 8, 2, 0, 0, 0)) + b"".join(chunks) + end


def three_frames(declared: int = 3, *more: bytes) -> bytes:
    """Red, green and blue, of which so many are declared."""
    return apng(
        control(declared),
        *(frame_control(0), data(RED)),
        *(frame_control(1), frame_data(2, GREEN)),
        *(frame_control(3), frame_data(4, BLUE)),
        *more,
    )


_SMALL = (20, 16)
ODD_APNGS: dict[str, Callable[[], bytes]] = {
    "three frames": three_frames,
    "declares 2 and has 3": lambda: three_frames(2),
    "declares 1 and has 3": lambda: three_frames(1),
    "declares none and has 3": lambda: three_frames(0),
    "declares 5 and has 3": lambda: three_frames(5),
    "declares nothing": lambda: apng(frame_control(0), data(RED), frame_control(1), frame_data(2, GREEN)),
    "declares too late": lambda: apng(
        frame_control(0), data(RED), control(2), frame_control(1), frame_data(2, GREEN)
    ),
    "declares twice": lambda: apng(
        control(2), control(3), frame_control(0), data(RED), frame_control(1), frame_data(2, GREEN)
    ),
    "damaged declaration": lambda: apng(
        control(2, is_damaged=True), frame_control(0), data(RED), frame_control(1), frame_data(2, GREEN)
    ),
    "a hidden picture and one frame": lambda: apng(
        control(1), data(RED), frame_control(0), frame_data(1, GREEN)
    ),
    "a hidden picture and one small frame": lambda: apng(
        control(1), data(RED), frame_control(0, _SMALL, (5, 5)), frame_data(1, GREEN, _SMALL)
    ),
    "a hidden picture and two frames": lambda: apng(
        control(2), data(RED), frame_control(0), frame_data(1, GREEN), frame_control(2), frame_data(3, BLUE)
    ),
    "a number that is left out": lambda: apng(
        control(3),
        *(frame_control(0), data(RED), frame_control(1), frame_data(2, GREEN)),
        *(frame_control(7), frame_data(8, BLUE)),
    ),
    "a frame outside": lambda: apng(
        control(2), frame_control(0), data(RED), frame_control(1, place=(10, 0)), frame_data(2, GREEN)
    ),
    "a frame of no size": lambda: apng(
        control(2), frame_control(0), data(RED), frame_control(1, (0, 0)), frame_data(2, GREEN)
    ),
    "a frame without pixels": lambda: apng(
        control(3), frame_control(0), data(RED), frame_control(1), frame_control(2), frame_data(3, BLUE)
    ),
    "a last frame without pixels": lambda: apng(
        control(3), frame_control(0), data(RED), frame_control(1), frame_data(2, GREEN), frame_control(3)
    ),
    "a damaged control": lambda: apng(
        control(2), frame_control(0), data(RED), frame_control(1, is_damaged=True), frame_data(2, GREEN)
    ),
    "pixels too many": lambda: three_frames(3, frame_data(5, RED)),
    "cleared": lambda: apng(
        control(3),
        *(frame_control(0, disposal=1), data(RED)),
        *(frame_control(1, _SMALL, (4, 4), disposal=1), frame_data(2, GREEN, _SMALL)),
        *(frame_control(3, _SMALL, (30, 20)), frame_data(4, BLUE, _SMALL)),
    ),
    "restored": lambda: apng(
        control(3),
        *(frame_control(0, disposal=2), data(RED)),
        *(frame_control(1, _SMALL, (4, 4), disposal=2), frame_data(2, GREEN, _SMALL)),
        *(frame_control(3, _SMALL, (30, 20)), frame_data(4, BLUE, _SMALL)),
    ),
    "played three times": lambda: apng(
        control(2, 3),
        *(frame_control(0, delay=(5, 0)), data(RED), frame_control(1, delay=(1, 4)), frame_data(2, GREEN)),
    ),
}
"""Animated PNGs by what is odd about them."""


def random_gif(rng: random.Random) -> bytes:
    """A small GIF whose frames are of any size and place, transparent, cleared and restored at random."""
    width, height = rng.randint(4, 24), rng.randint(4, 24)
    data = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0x82, rng.randrange(8), 0) + _PALETTE
    for index in range(rng.randint(1, 5)):
        left, top, wide, high = rng.randint(0, 6), rng.randint(0, 6), rng.randint(1, 24), rng.randint(1, 24)
        if index and rng.random() < 0.9:
            wide, high = min(wide, max(1, width - left)), min(high, max(1, height - top))
        if rng.random() < 0.2:
            left, top, wide, high = 0, 0, width, height
        if rng.random() < 0.8:
            flags = rng.choice((0, 1, 2, 3)) << 2 | (rng.random() < 0.5)
            data += b"!\xf9\x04" + struct.pack("<BHBx", flags, rng.choice((0, 5, 20)), rng.randrange(9))
        own = bytes(255 - level for level in _PALETTE) if rng.random() < 0.3 else b""
        packed, interlaced = _packed(rng, wide, high)
        data += (
            struct.pack("<BHHHHB", 0x2C, left, top, wide, high, interlaced | (0x82 if own else 0))
            + own
            + packed
        )
    return data + b";"


def _packed(rng: random.Random, width: int, height: int) -> tuple[bytes, int]:
    """Random pixels as a GIF holds them, and whether they are interlaced."""
    image = Image.frombytes("P", (width, height), bytes(rng.randrange(8) for _ in range(width * height)))
    image.putpalette(_PALETTE + bytes(744))
    out = BytesIO()
    image.save(out, "GIF", optimize=False, interlace=rng.random() < 0.5)
    gif = out.getvalue()
    at = gif.index(b"," + struct.pack("<HHHH", 0, 0, width, height))
    flags = gif[at + 9]
    return gif[at + 10 + (3 << (flags & 7) + 1 if flags & 0x80 else 0) : -1], flags & 0x40


def random_apng(rng: random.Random) -> bytes:
    """A small animated PNG of any kind of pixel, whose frames are laid, cleared and restored at random."""
    width, height, frames = rng.randint(4, 24), rng.randint(4, 24), rng.randint(1, 5)
    color_type = rng.choice((0, 2, 3, 4, 6))
    has_hidden = rng.random() < 0.3
    data = SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0))
    data += control(frames)
    if color_type == 3:
        data += chunk(b"PLTE", _PALETTE) + chunk(b"tRNS", bytes((0, 128, 255, 255, 10)))
    if has_hidden:
        data += chunk(b"IDAT", _random_rows(rng, width, height, color_type))
    sequence = 0
    for index in range(frames):
        is_whole = index == 0 and not has_hidden
        wide, high = (width, height) if is_whole else (rng.randint(1, width), rng.randint(1, height))
        place = rng.randint(0, width - wide), rng.randint(0, height - high)
        data += frame_control(
            sequence, (wide, high), place, disposal=rng.randrange(3), blend=rng.randrange(2)
        )
        packed = _random_rows(rng, wide, high, color_type)
        data += (
            chunk(b"IDAT", packed) if is_whole else chunk(b"fdAT", struct.pack(">I", sequence + 1) + packed)
        )
        sequence += 1 if is_whole else 2
    return data + _END


def _random_rows(rng: random.Random, width: int, height: int, color_type: int) -> bytes:
    samples = width * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color_type]
    most = 8 if color_type == 3 else 256
    return zlib.compress(
        b"".join(b"\x00" + bytes(rng.randrange(most) for _ in range(samples)) for _ in range(height))
    )


def gif_with_small_frame() -> bytes:
    """A GIF whose only frame covers a quarter of its canvas, and whose background is red."""
    small = pictures.encoded(Image.new("P", (32, 24), 1), "GIF")
    at = small.index(b",")
    palette = bytes((255, 0, 0, 0, 0, 255)) + bytes(18)
    head = struct.pack("<6sHHBBB", b"GIF89a", 64, 48, 0x82, 0, 0) + palette
    flags = small[at + 9]
    packed = small[at + 10 + (3 << (flags & 7) + 1 if flags & 0x80 else 0) :]
    return head + struct.pack("<BHHHHB", 0x2C, 16, 12, 32, 24, flags & 0x40) + packed
