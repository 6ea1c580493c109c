"""Ways to spoil a good file, each the same for the same random numbers."""

import random
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from image_store.domain.images.media import MediaType, sniff
from tests import pictures, profiles

_HEADER_BYTES = 200
_TELLING_BYTES = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)
_TELLING_NUMBERS = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

type Rng = random.Random


@cache
def seeds() -> dict[str, bytes]:
    """Good small files of every accepted kind, with whatever a reader looks at in them."""
    loaded = {"exif": pictures.exif(orientation=6, gps=True), "icc_profile": profiles.display_p3_profile()}
    return pictures.every_format() | {
        "jpeg with metadata": pictures.jpeg(64, 48, metadata=True, icc_profile=profiles.display_p3_profile()),
        "cmyk jpeg": pictures.encoded(
            pictures.scene(48, 48).convert("CMYK"), "JPEG", icc_profile=profiles.press_profile()
        ),
        "16-bit png": pictures.sixteen_bit_grey_png([0, 99, 9999], side=9, transparent_level=99),
        "transparent png": pictures.encoded(pictures.drawing(48, 48, transparent=True), "PNG", **loaded),
        "transparent webp": pictures.encoded(pictures.faded(48, 48), "WEBP", **loaded),
        "transparent avif": pictures.encoded(pictures.faded(48, 48), "AVIF", speed=10, **loaded),
        "several pictures in a jpeg": pictures.encoded(
            pictures.quadrants(64, 48), "MPO", save_all=True, append_images=[pictures.quadrants(16, 16)]
        ),
    }


def spoiled(data: bytes, count: int, *, seed: int | str) -> Iterator[bytes]:
    """`count` files that were made from `data` and are, most of them, no longer good."""
    rng = random.Random(seed)  # noqa: S311 - damage is no secret
    for _ in range(count):
        worse = data
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            worse = rng.choice(_WAYS)(worse, rng)
        # Half of the damage to a PNG has to get past its checksums.
        is_mended = sniff(worse) is MediaType.PNG and rng.random() < 0.6
        yield pictures.with_right_checksums(worse) if is_mended else worse


def _with_bytes_changed(data: bytes, rng: Rng) -> bytes:
    worse = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        worse[rng.randrange(len(worse))] = rng.randrange(256)
    return bytes(worse)


def _with_a_bit_flipped(data: bytes, rng: Rng) -> bytes:
    worse = bytearray(data)
    worse[rng.randrange(len(worse))] ^= 1 << rng.randrange(8)
    return bytes(worse)


def _with_a_header_changed(data: bytes, rng: Rng) -> bytes:
    worse = bytearray(data)
    for _ in range(rng.choice((1, 2, 3))):
        worse[rng.randrange(min(len(worse), _HEADER_BYTES))] = rng.choice(_TELLING_BYTES)
    return bytes(worse)


def _with_a_number_changed(data: bytes, rng: Rng) -> bytes:
    form = rng.choice(("<H", ">H", "<I", ">I"))
    size = struct.calcsize(form)
    at = rng.randrange(max(1, rng.choice((len(data), min(len(data), _HEADER_BYTES))) - size))
    number = rng.choice(_TELLING_NUMBERS) & (256**size - 1)
    return data[:at] + struct.pack(form, number) + data[at + size :]


def _cut_off(data: bytes, rng: Rng) -> bytes:
    return data[: rng.randrange(16, len(data)) if len(data) > 17 else len(data)]


def _with_bytes_taken_out(data: bytes, rng: Rng) -> bytes:
    at = rng.randrange(len(data))
    shorter = data[:at] + data[at + rng.randrange(1, 64) :]
    return shorter or data


def _with_bytes_repeated(data: bytes, rng: Rng) -> bytes:
    at, source = rng.randrange(len(data)), rng.randrange(len(data))
    return data[:at] + data[source : source + rng.randrange(1, 300)] + data[at:]


def _with_the_end_of_another(data: bytes, rng: Rng) -> bytes:
    other = rng.choice(sorted(seeds().items()))[1]
    return data[: rng.randrange(12, max(13, len(data)))] + other[rng.randrange(len(other)) :]


def _with_parts_moved(data: bytes, rng: Rng) -> bytes:
    """Take out, repeat or exchange whole chunks, segments or boxes."""
    parts = list(_parts(data))
    if len(parts) < 3:
        return _with_bytes_repeated(data, rng)
    first, second = rng.randrange(1, len(parts)), rng.randrange(1, len(parts))
    match rng.randrange(3):
        case 0:
            parts[first], parts[second] = parts[second], parts[first]
        case 1:
            parts.insert(first, parts[second])
        case _:
            del parts[first]
    return b"".join(parts)


def _parts(data: bytes) -> Iterator[bytes]:
    """The file in pieces, as its container is cut; the rest is the last piece."""
    at = {MediaType.PNG: 8, MediaType.WEBP: 12, MediaType.JPEG: 2}.get(sniff(data) or MediaType.GIF, 0)
    yield data[:at]
    while at + 12 <= len(data):
        match sniff(data):
            case MediaType.PNG:
                size = 12 + int.from_bytes(data[at : at + 4], "big")
            case MediaType.WEBP:
                size = 8 + int.from_bytes(data[at + 4 : at + 8], "little")
            case MediaType.JPEG if data[at + 1] != 0xDA:
                size = 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            case MediaType.AVIF:
                size = int.from_bytes(data[at : at + 4], "big")
            case _:
                size = 64
        size = max(size, 8)
        yield data[at : at + size]
        at += size
    yield data[at:]


_WAYS: Sequence[Callable[[bytes, Rng], bytes]] = (
    _with_bytes_changed,
    _with_a_bit_flipped,
    _with_a_header_changed,
    _with_a_number_changed,
    _with_a_number_changed,
    _cut_off,
    _with_bytes_taken_out,
    _with_bytes_repeated,
    _with_the_end_of_another,
    _with_parts_moved,
    _with_parts_moved,
)
