"""The boxes of an AVIF (ISO/IEC 14496-12 and 23008-12), and limits on their number.

The decoder searches all items for each item that a box names, and all runs of samples for each chunk, so a small file
can take minutes to read. Therefore items, references and tables are counted first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, repeat

from image_store.adapters.imaging.formats.budget import contradiction
from image_store.domain.errors import InvalidImage
from image_store.domain.images.media import MediaType

_MOST_PARTS = 10_000
"""Boxes, items and references; a picture has at most some hundred tiles."""
_MOST_ENTRIES = 10_000
"""Entries of a table; far more than the accepted frames."""
# Boxes that contain boxes, and the number of bytes before these; for `iinf` it depends on the version.
_CONTAINERS = {
    b"moov": 0,
    b"trak": 0,
    b"mdia": 0,
    b"minf": 0,
    b"stbl": 0,
    b"stsd": 8,
    b"av01": 78,
    b"meta": 4,
    b"iprp": 0,
    b"ipco": 0,
}
_TABLES = frozenset({b"stts", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"stss"})
_TABLE_KINDS = {b"stsz": b"stsz", b"stsc": b"stsc", b"stco": b"stco", b"co64": b"stco"}
"""Tables of the places of samples; a table of chunks has offsets of 4 or of 8 bytes."""
_LEAST_BYTES_OF_A_PART = 2


@dataclass(frozen=True, slots=True)
class Box:
    """A box; `at` is where it begins, and `start` the first byte after its size and name."""

    name: bytes
    at: int
    start: int
    end: int


def boxes_in(data: bytes, at: int, end: int) -> Iterator[Box]:
    """The complete boxes between two places, up to the first incomplete one."""
    while at + 8 <= end:
        size, name, start = number(data, at, 4), data[at + 4 : at + 8], at + 8
        if size == 1:
            size, start = number(data, start, 8), start + 8
        stop = end if size == 0 else at + size
        if stop < start or stop > end:
            return
        yield Box(name, at, start, stop)
        at = stop


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item lies: the list of its extents begins at `at` in the file.

    `method` is 0 for places in the file and 1 for places in `idat`. `sizes` are the numbers of bytes of an extent's
    index, offset and length; any of them may be 0.
    """

    item: int
    method: int
    base: int
    extents: int
    at: int
    sizes: tuple[int, int, int]

    def spans(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Offset and length of each extent."""
        index, offset, length = self.sizes
        for extent in range(self.extents):
            at = self.at + extent * (index + offset + length)
            yield self.base + number(data, at + index, offset), number(data, at + index + offset, length)


def places_in(data: bytes, box: Box) -> Iterator[Place]:
    """The places of an `iloc` (ISO/IEC 14496-12, 8.11.3), up to the end of its box."""
    version, sizes = number(data, box.start, 1), number(data, box.start + 4, 2)
    offset, length, base = sizes >> 12, sizes >> 8 & 0xF, sizes >> 4 & 0xF
    index = sizes & 0xF if version else 0
    wide = 4 if version > 1 else 2
    at = box.start + 6 + wide
    for _ in range(number(data, box.start + 6, wide)):
        if at + wide + 4 > box.end:
            return
        item, at = number(data, at, wide), at + wide
        method = number(data, at, 2) & 0xF if version else 0
        at += (2 if version else 0) + 2
        begin, at = number(data, at, base), at + base
        extents, at = number(data, at, 2), at + 2
        yield Place(item, method, begin, extents, at, (index, offset, length))
        at += extents * (index + offset + length)


def tracks_in(data: bytes) -> Iterator[dict[bytes, Box]]:
    """The sample tables of each track of AV1, by name.

    Raises
    ------
    InvalidImage
        a track has two tables of one kind
    """
    for movie in boxes_in(data, 0, len(data)):
        for track in boxes_in(data, movie.start, movie.end) if movie.name == b"moov" else ():
            parents = [track] if track.name == b"trak" else []
            for name in (b"mdia", b"minf", b"stbl"):
                children = (box for one in parents for box in boxes_in(data, one.start, one.end))
                parents = [box for box in children if box.name == name]
            boxes = [box for one in parents for box in boxes_in(data, one.start, one.end)]
            descriptions = (box for box in boxes if box.name == b"stsd")
            kinds = (kind.name for one in descriptions for kind in boxes_in(data, one.start + 8, one.end))
            if b"av01" in kinds:
                tables = [(_TABLE_KINDS[box.name], box) for box in boxes if box.name in _TABLE_KINDS]
                if len(dict(tables)) < len(tables):
                    raise contradiction(MediaType.AVIF, "a track has two tables of one kind")
                yield dict(tables)


def samples_in(data: bytes, tables: dict[bytes, Box]) -> Iterator[tuple[int, int]]:
    """Offset and length of each sample of a track (ISO/IEC 14496-12, 8.7), in order.

    Raises
    ------
    InvalidImage
        the track has more samples than any picture has frames
    """
    if tables.keys() != set(_TABLE_KINDS.values()):
        return  # the decoder refuses such a track
    runs = [(number(data, at, 4), number(data, at + 4, 4)) for at in _rows(data, tables[b"stsc"], 4, 12)]
    lengths = _sample_lengths(data, tables[b"stsz"])
    places = tables[b"stco"]
    size = 8 if places.name == b"co64" else 4
    run = samples = 0
    for chunk, at in enumerate(_rows(data, places, 4, size), 1):
        offset = number(data, at, size)
        while run + 1 < len(runs) and runs[run + 1][0] <= chunk:
            run += 1
        for length in islice(lengths, runs[run][1] if runs else 0):
            samples += 1
            if samples > _MOST_ENTRIES:
                raise too_many_parts()
            yield offset, length
            offset += length


def _sample_lengths(data: bytes, box: Box) -> Iterator[int]:
    """The size of each sample in bytes; infinite if all are equal."""
    equal = number(data, box.start + 4, 4)
    if equal:
        return repeat(equal)
    return (number(data, at, 4) for at in _rows(data, box, 8, 4))


def _rows(data: bytes, box: Box, head: int, size: int) -> range:
    """Where each row of a table begins, up to the end of its box; `head` bytes precede the number of rows."""
    begin = box.start + head + 4
    count = min(number(data, box.start + head, 4), max(0, box.end - begin) // size)
    return range(begin, begin + count * size, size)


def check_parts(data: bytes) -> None:
    """Raise InvalidImage for a file with more parts than any picture needs."""
    left = _MOST_PARTS
    waiting = [(0, len(data))]
    while waiting:
        for box in boxes_in(data, *waiting.pop()):
            left -= 1 + _parts_in(data, box)
            if left < 0 or (box.name in _TABLES and _entries_in(data, box) > _MOST_ENTRIES):
                raise too_many_parts()
            if box.name in _CONTAINERS:
                waiting.append((box.start + _CONTAINERS[box.name], box.end))
            elif box.name == b"iinf":
                waiting.append((box.start + (8 if _version(data, box) else 6), box.end))


def _parts_in(data: bytes, box: Box) -> int:
    """The number of items or references in a box, without the boxes in it."""
    match box.name:
        case b"ipma":
            return _at_most(number(data, box.start + 4, 4), box)
        case b"iloc":
            return sum(1 + place.extents for place in islice(places_in(data, box), _MOST_PARTS + 1))
        case b"iref":
            begin, place, width = 4, (4 if _version(data, box) else 2), 2
        case b"grpl":
            begin, place, width = 0, 8, 4
        case _:
            return 0
    inner = islice(boxes_in(data, box.start + begin, box.end), _MOST_PARTS)
    return sum(1 + _at_most(number(data, one.start + place, width), one) for one in inner)


def _entries_in(data: bytes, box: Box) -> int:
    at = box.start + (8 if box.name in (b"stsz", b"stz2") else 4)
    return _at_most(number(data, at, 4), box)


def _at_most(count: int, box: Box) -> int:
    """The number that a box claims, limited by its length."""
    return min(count, (box.end - box.start) // _LEAST_BYTES_OF_A_PART)


def _version(data: bytes, box: Box) -> int:
    return number(data, box.start, 1)


def number(data: bytes, at: int, size: int) -> int:
    """A big-endian number; bytes after the end of the file are left out."""
    return int.from_bytes(data[at : at + size], "big")


def too_many_parts() -> InvalidImage:
    """The error for a file whose many parts only keep its reader busy."""
    return contradiction(MediaType.AVIF, "it is cut into too many small parts")
