"""What an AVIF names is counted before its decoder looks for it, which takes the square of the number."""

import struct
import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import pytest
from PIL import Image

from image_store.adapters.imaging import PillowProcessor
from image_store.adapters.imaging.formats.avif_coded import coded_items, pixels_in
from image_store.domain.errors import ImageTooLarge, InvalidImage
from tests import odd_pictures, pictures

CONTAINERS = {b"meta": 4, b"iprp": 0, b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0}
MANY = 12_000

type Change = Callable[[bytes], bytes]


def with_boxes(data: bytes, changes: dict[bytes, Change]) -> bytes:
    """A file with other bodies in the boxes of some names."""
    out, at = b"", 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + size]
        if name in changes:
            body = changes[name](body)
        elif name in CONTAINERS:
            head = CONTAINERS[name]
            body = body[:head] + with_boxes(body[head:], changes)
        out += struct.pack(">I4s", 8 + len(body), name) + body
        at += size
    return out


def many_associations(body: bytes) -> bytes:
    """Those that there are, and one of nothing for each of many items."""
    (count,) = struct.unpack_from(">I", body, 4)
    more = b"".join(struct.pack(">HB", 100 + number, 0) for number in range(MANY))
    return body[:4] + struct.pack(">I", count + MANY) + body[8:] + more


def many_places(body: bytes) -> bytes:
    """Those that there are, and nothing for each of many items."""
    (count,) = struct.unpack_from(">H", body, 6)
    more = b"".join(struct.pack(">HHH", 100 + number, 0, 0) for number in range(MANY))
    return body[:6] + struct.pack(">H", count + MANY) + body[8:] + more


def many_empty_extents(body: bytes) -> bytes:
    """An item in many pieces that are told by nothing."""
    return body[:4] + bytes(2) + struct.pack(">HHHH", 1, 1, 0, MANY)


def many_infos(body: bytes) -> bytes:
    """Those that there are, and many more items."""
    (count,) = struct.unpack_from(">H", body, 4)
    more = b"".join(
        odd_pictures.full_box(b"infe", struct.pack(">HH4s", 100 + number, 0, b"skip"), b"\x00", version=2)
        for number in range(MANY)
    )
    return body[:4] + struct.pack(">H", count + MANY) + body[6:] + more


def table(*numbers: int) -> Change:
    """A table of many equal rows."""
    row = struct.pack(f">{len(numbers)}I", *numbers)
    return lambda _: bytes(4) + struct.pack(">I", MANY) + row * MANY


def references(_: bytes) -> bytes:
    """The alternative text of the picture is of many items, in two boxes."""
    names = struct.pack(f">{MANY // 2}H", *range(100, 100 + MANY // 2))
    reference = odd_pictures.box(b"dimg", struct.pack(">HH", 2, MANY // 2), names)
    return bytes(4) + reference * 2


STILL = pictures.avif(64, 48)
MOVING = pictures.animation("AVIF", frames=3)
REFERRING = odd_pictures.transparent_avif(is_split=False)


@pytest.mark.parametrize(
    ("data", "changes"),
    [
        (STILL, {b"ipma": many_associations}),
        (STILL, {b"iloc": many_places}),
        (STILL, {b"iloc": many_empty_extents}),
        (STILL, {b"iinf": many_infos}),
        (STILL, {b"ipco": lambda body: body + odd_pictures.box(b"free") * MANY}),
        (REFERRING, {b"iref": references}),
        (MOVING, {b"stsc": table(1, 1, 1)}),
        (MOVING, {b"stco": table(400)}),
        (MOVING, {b"stts": table(1, 1)}),
        (MOVING, {b"stss": table(1)}),
        (MOVING, {b"stsz": lambda _: bytes(8) + struct.pack(">I", MANY) + struct.pack(">I", 20) * MANY}),
    ],
    ids=lambda value: b",".join(value).decode() if isinstance(value, dict) else "",
)
def test_an_avif_of_more_parts_than_any_picture_needs_is_refused(
    data: bytes, changes: dict[bytes, Change]
) -> None:
    with pytest.raises(InvalidImage, match="too many small parts"):
        PillowProcessor().process(with_boxes(data, changes), None, {})


def test_many_boxes_beside_the_picture_are_refused() -> None:
    with pytest.raises(InvalidImage, match="too many small parts"):
        PillowProcessor().process(STILL + odd_pictures.box(b"free") * MANY, None, {})


@pytest.mark.parametrize("data", [STILL, MOVING, REFERRING, odd_pictures.avif_with_gain_map()])
def test_boxes_that_are_written_again_are_the_same_picture(data: bytes) -> None:
    assert with_boxes(data, {}) == data
    assert PillowProcessor().process(data, None, {}).width


def coded_grid(side: int, cells: int) -> bytes:
    """A picture in tiles of 64 pixels a side, all of which are one that is coded in more."""
    tile = odd_pictures.avif_picture(Image.new("RGB", (side, side), "red"))
    shown = odd_pictures.full_box(b"ispe", struct.pack(">II", 64, 64))
    extent = odd_pictures.full_box(b"ispe", struct.pack(">II", 64 * cells, 64))
    grid = odd_pictures.Item(
        b"grid", struct.pack(">BBBBHH", 0, 0, 0, cells - 1, 64 * cells, 64), (extent, tile.properties[1])
    )
    tiles = [odd_pictures.Item(b"av01", tile.body, (shown, *tile.properties[1:]))] * cells
    return odd_pictures.avif_file([grid, *tiles], references=[(b"dimg", 1, range(2, 2 + cells))])


def test_tiles_of_their_own_size_are_a_picture() -> None:
    done = PillowProcessor().process(coded_grid(64, 3), None, {})

    assert (done.width, done.height) == (192, 64)


def test_tiles_that_are_coded_in_far_more_pixels_than_they_show_are_refused() -> None:
    with pytest.raises(ImageTooLarge, match="far more pixels"):
        PillowProcessor().process(coded_grid(4_096, 30), None, {})


def test_a_picture_that_is_coded_in_far_more_pixels_than_it_shows_is_refused() -> None:
    said = 0b000_1_1_00000_1111_1111 << 32 | 0xFFFF_FFFF  # a still picture of 65,536 pixels a side
    header = bytes((0x0A, 7)) + (said << 6).to_bytes(7)
    data = odd_pictures.avif_picture(Image.new("RGB", (64, 64)))
    with pytest.raises(ImageTooLarge, match="far more pixels"):
        PillowProcessor().process(
            odd_pictures.avif_file([odd_pictures.Item(b"av01", header + data.body, data.properties)]),
            None,
            {},
        )


@pytest.mark.parametrize("size", [(1, 1), (64, 48), (333, 77), (4_000, 3_000)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_the_pixels_that_a_header_tells_are_those_of_the_picture(size: tuple[int, int], mode: str) -> None:
    data = pictures.encoded(Image.new(mode, size), "AVIF", speed=10)

    told = [max(pixels_in(data[at : at + length])) for ((at, length),) in coded_items(data)]

    assert told
    assert set(told) == {size[0] * size[1]}


def test_a_large_property_that_an_item_has_many_times_is_held_once() -> None:
    profile = odd_pictures.box(b"colr", b"prof" + bytes(1_000_000))
    said = bytes(4) + struct.pack(">IHB", 1, 1, 250) + b"\x01" * 250
    data = with_boxes(STILL, {b"ipco": lambda body: profile + body, b"ipma": lambda _: said})

    tracemalloc.start()
    try:
        with suppress(InvalidImage):
            PillowProcessor().process(data, None, {})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 20_000_000
