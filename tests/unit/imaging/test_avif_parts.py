"""What an AVIF names is counted before its decoder looks for it, which takes the square of the number."""

import struct
import tracemalloc
from contextlib import suppress
from io import BytesIO

import pytest
from PIL import Image

from image_store.adapters.imaging import PillowProcessor
from image_store.adapters.imaging.formats.avif_boxes import samples_in, tracks_in
from image_store.adapters.imaging.formats.avif_coded import coded_items, pixels_in
from image_store.domain.errors import ImageTooLarge, InvalidImage, TooManyFrames
from tests import pictures
from tests.odd_pictures.avif import (
    Change,
    Item,
    avif_file,
    avif_of_one_color,
    avif_picture,
    avif_sequence_of,
    avif_with_gain_map,
    box,
    full_box,
    sequence_header,
    transparent_avif,
    with_boxes,
)

MANY = 12_000


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
        full_box(b"infe", struct.pack(">HH4s", 100 + number, 0, b"skip"), b"\x00", version=2)
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
    reference = box(b"dimg", struct.pack(">HH", 2, MANY // 2), names)
    return bytes(4) + reference * 2


STILL = pictures.avif(64, 48)
MOVING = pictures.animation("AVIF", frames=3)
REFERRING = transparent_avif(is_split=False)


@pytest.mark.parametrize(
    ("data", "changes"),
    [
        (STILL, {b"ipma": many_associations}),
        (STILL, {b"iloc": many_places}),
        (STILL, {b"iloc": many_empty_extents}),
        (STILL, {b"iinf": many_infos}),
        (STILL, {b"ipco": lambda body: body + box(b"free") * MANY}),
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
        PillowProcessor().process(STILL + box(b"free") * MANY, None, {})


@pytest.mark.parametrize("data", [STILL, MOVING, REFERRING, avif_with_gain_map()])
def test_boxes_that_are_written_again_are_the_same_picture(data: bytes) -> None:
    assert with_boxes(data, {}) == data
    assert PillowProcessor().process(data, None, {}).width


def coded_grid(side: int, cells: int) -> bytes:
    """A picture in tiles of 64 pixels a side, all of which are one that is coded in more."""
    tile = avif_of_one_color(side)
    shown = full_box(b"ispe", struct.pack(">II", 64, 64))
    extent = full_box(b"ispe", struct.pack(">II", 64 * cells, 64))
    grid = Item(
        b"grid", struct.pack(">BBBBHH", 0, 0, 0, cells - 1, 64 * cells, 64), (extent, tile.properties[1])
    )
    tiles = [Item(b"av01", tile.body, (shown, *tile.properties[1:]))] * cells
    return avif_file([grid, *tiles], references=[(b"dimg", 1, range(2, 2 + cells))])


def test_tiles_of_their_own_size_are_a_picture() -> None:
    done = PillowProcessor().process(coded_grid(64, 3), None, {})

    assert (done.width, done.height) == (192, 64)


def test_tiles_that_are_coded_in_far_more_pixels_than_they_show_are_refused() -> None:
    with pytest.raises(ImageTooLarge, match="far more pixels"):
        PillowProcessor().process(coded_grid(4_096, 30), None, {})


def test_a_picture_that_is_coded_in_far_more_pixels_than_it_shows_is_refused() -> None:
    header = sequence_header(65_536)
    data = avif_picture(Image.new("RGB", (64, 64)))
    with pytest.raises(ImageTooLarge, match="far more pixels"):
        PillowProcessor().process(
            avif_file([Item(b"av01", header + data.body, data.properties)]),
            None,
            {},
        )


def test_a_sequence_whose_frames_are_the_same_bytes_is_a_picture() -> None:
    body = avif_picture(pictures.quadrants(64, 48)).body

    done = PillowProcessor().process(avif_sequence_of([body] * 40), None, {})

    assert done.frames == 40


def test_a_sequence_of_frames_coded_in_far_more_pixels_than_are_accepted_is_refused() -> None:
    body = avif_of_one_color(4_096).body

    with pytest.raises(TooManyFrames, match="far more pixels"):
        PillowProcessor().process(avif_sequence_of([body] * 25), None, {})


@pytest.mark.parametrize("wide", [False, True], ids=["stco", "co64"])
def test_a_frame_coded_in_far_more_pixels_than_any_picture_has_is_refused(wide: bool) -> None:
    body = sequence_header(16_384) + avif_picture(Image.new("RGB", (64, 64))).body

    with pytest.raises(ImageTooLarge, match="far more pixels"):
        PillowProcessor().process(avif_sequence_of([body] * 2, is_wide=wide), None, {})


def test_frames_without_a_header_count_as_large_as_the_one_before() -> None:
    body = avif_of_one_color(4_096).body
    no_header = b"\x12\x00"

    with pytest.raises(TooManyFrames, match="far more pixels"):
        PillowProcessor().process(avif_sequence_of([body, *[no_header] * 25]), None, {})


def test_a_sequence_of_more_samples_than_any_picture_has_frames_is_refused() -> None:
    changes: dict[bytes, Change] = {
        b"stsz": lambda _: bytes(4) + struct.pack(">II", 20, 2**32 - 1),
        b"stsc": lambda _: bytes(4) + struct.pack(">IIII", 1, 1, 2**32 - 1, 1),
    }

    with pytest.raises(InvalidImage, match="too many small parts"):
        PillowProcessor().process(with_boxes(MOVING, changes), None, {})


def test_a_track_with_two_tables_of_one_kind_is_refused() -> None:
    chunks = full_box(b"co64", struct.pack(">IQ", 1, 400))

    with pytest.raises(InvalidImage, match="two tables of one kind"):
        PillowProcessor().process(with_boxes(MOVING, {b"stbl": lambda body: body + chunks}), None, {})


def test_the_pixels_of_a_sequence_are_those_of_its_frames() -> None:
    data = pictures.animation("AVIF", frames=3)
    (tables,) = tracks_in(data)

    samples = list(samples_in(data, tables))

    width, height = Image.open(BytesIO(data)).size
    (offset, length), *_ = samples
    assert len(samples) == 3
    assert max(pixels_in(data[offset : offset + length])) == width * height
    assert samples[1][0] == offset + length


@pytest.mark.parametrize("size", [(1, 1), (64, 48), (333, 77), (4_000, 3_000)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_the_pixels_in_a_header_are_those_of_the_picture(size: tuple[int, int], mode: str) -> None:
    data = pictures.encoded(Image.new(mode, size), "AVIF", speed=10)

    pixel_counts = [max(pixels_in(data[at : at + length])) for ((at, length),) in coded_items(data)]

    assert pixel_counts
    assert set(pixel_counts) == {size[0] * size[1]}


def test_a_large_property_that_an_item_has_many_times_is_held_once() -> None:
    profile = box(b"colr", b"prof" + bytes(1_000_000))
    associations = bytes(4) + struct.pack(">IHB", 1, 1, 250) + b"\x01" * 250
    data = with_boxes(STILL, {b"ipco": lambda body: profile + body, b"ipma": lambda _: associations})

    tracemalloc.start()
    try:
        with suppress(InvalidImage):
            PillowProcessor().process(data, None, {})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 20_000_000
