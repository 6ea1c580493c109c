"""Counts the coded pixels of the items and samples of an AVIF, by their own headers (AV1 specification, 5.5.1).

A box declares the size that is shown. The decoder decodes all coded pixels and then scales them: a tile or a frame
with a side of 64 pixels may be coded with a side of 16,384, and all tiles or frames may share the same few bytes.
"""

from collections.abc import Iterator

from image_store.adapters.imaging.formats.avif_boxes import (
    Box,
    boxes_in,
    number,
    places_in,
    samples_in,
    too_many_parts,
    tracks_in,
)
from image_store.domain.errors import ImageTooLarge, TooManyFrames

type Spans = tuple[tuple[int, int], ...]
"""Offset and length of each piece of an item or a sample."""

_MOST_PIXELS_OF_A_PICTURE = 100_000_000
_MOST_PIXELS = 400_000_000
"""Of all items (tiles that reach beyond the picture, alpha, thumbnails, gain map), and of all samples."""
_MOST_UNITS = 64
"""Units of an item or a sample that are read; the header is among the first few."""
_MOST_HEADERS = 10_000
"""Headers of a file; a sequence repeats its header at most once for each frame."""
_SEQUENCE_HEADER = 1
_EMBEDDED, _IN_IDAT = b"av01", 1
_LONGEST_HEAD = 4_096
"""The most bytes that are joined of an item in pieces."""


def check_coded_pixels(data: bytes) -> None:
    """Refuse a file with far more coded pixels than any picture has.

    Requires `check_parts` before. A sample without a header has the size of the sample before it.

    Raises
    ------
    ImageTooLarge, TooManyFrames
        one item or sample has more than 100 million pixels, or all items or all samples more than 400 million
    InvalidImage
        the file has more samples or headers than any picture needs, or two tables of one kind in a track
    """
    headers = _Headers(data)
    total = 0
    for spans in coded_items(data):
        total += headers.pixels_of(spans)
        if total > _MOST_PIXELS:
            raise _too_large()
    total = 0
    for tables in tracks_in(data):
        pixels = 0
        for span in samples_in(data, tables):
            pixels = headers.pixels_of((span,)) or pixels
            total += pixels
            if total > _MOST_PIXELS:
                raise TooManyFrames("The frames of the AVIF are coded in far more pixels than are accepted.")


class _Headers:
    """The sequence headers of a file; each is read once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pixels: dict[Spans, int] = {}
        self._left = _MOST_HEADERS

    def pixels_of(self, spans: Spans) -> int:
        """The coded pixels of one item or sample; 0 if it has no header."""
        if spans not in self._pixels:
            most = 0
            for pixels in pixels_in(_head(self._data, spans)):
                most = max(most, pixels)
                self._left -= 1
                if self._left < 0:
                    raise too_many_parts()
            if most > _MOST_PIXELS_OF_A_PICTURE:
                raise _too_large()
            self._pixels[spans] = most
        return self._pixels[spans]


def _too_large() -> ImageTooLarge:
    return ImageTooLarge("The AVIF is coded in far more pixels than it shows.")


def coded_items(data: bytes) -> Iterator[Spans]:
    """Where each coded item lies."""
    meta = next((box for box in boxes_in(data, 0, len(data)) if box.name == b"meta"), None)
    if meta is None:
        return
    children = list(boxes_in(data, meta.start + 4, meta.end))
    coded = {item for box in children if box.name == b"iinf" for item in _coded(data, box)}
    idat = next((box.start for box in children if box.name == b"idat"), 0)
    for box in children:
        if box.name == b"iloc":
            for place in places_in(data, box):
                if place.item in coded:
                    begin = idat if place.method == _IN_IDAT else 0
                    yield tuple((begin + offset, length) for offset, length in place.spans(data))


def _coded(data: bytes, box: Box) -> Iterator[int]:
    for entry in boxes_in(data, box.start + (8 if number(data, box.start, 1) else 6), box.end):
        wide = 4 if number(data, entry.start, 1) > 2 else 2
        at = entry.start + 4 + wide + 2
        if data[at : at + 4] == _EMBEDDED:
            yield number(data, entry.start + 4, wide)


def _head(data: bytes, spans: Spans) -> bytes:
    """The beginning of an item or a sample."""
    head = b""
    for offset, length in spans:
        left = _LONGEST_HEAD - len(head)
        if left <= 0:
            break
        head += data[offset : offset + min(length or left, left)]
    return head


def pixels_in(head: bytes) -> Iterator[int]:
    """The pixels that each sequence header of an item or a sample allows."""
    at = 0
    for _ in range(_MOST_UNITS):
        if at >= len(head):
            return
        first, at = head[at], at + 1
        at += first >> 2 & 1
        size = len(head) - at
        if first & 2:
            size, at = _leb128(head, at)
        if first >> 3 & 0xF == _SEQUENCE_HEADER:
            yield _most_pixels(_Bits(head[at : at + size]))
        at += size


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(8):
        byte = number(data, at, 1)
        value, at = value | (byte & 0x7F) << 7 * place, at + 1
        if not byte & 0x80:
            break
    return value, at


class _Bits:
    """Reads numbers bit by bit; bits after the end are zero."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data[:128].ljust(128, b"\x00"), "big")
        self._left = 8 * 128

    def read(self, count: int) -> int:
        self._left -= count
        return self._value >> self._left & (1 << count) - 1 if self._left >= 0 else 0


def _most_pixels(bits: _Bits) -> int:
    """The most pixels that a sequence header allows: 5.5.1 to 5.5.5 of the specification."""
    bits.read(4)  # profile, and whether it is a still picture
    if bits.read(1):
        bits.read(5)
    else:
        _skip_operating_points(bits)
    wide, high = bits.read(4) + 1, bits.read(4) + 1
    return (bits.read(wide) + 1) * (bits.read(high) + 1)


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    if bits.read(1):  # timing
        bits.read(64)
        if bits.read(1):
            _skip_uvlc(bits)
        if bits.read(1):  # decoder model
            delay_bits = bits.read(5) + 1
            bits.read(32 + 5 + 5)
    has_display_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read(1)
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if has_display_delay and bits.read(1):
            bits.read(4)


def _skip_uvlc(bits: _Bits) -> None:
    zeros = 0
    while zeros < 32 and not bits.read(1):
        zeros += 1
    if zeros < 32:
        bits.read(zeros)
