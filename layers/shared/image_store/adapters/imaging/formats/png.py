"""PNG and APNG (W3C PNG, third edition): separates the pixels from the other parts, and reads these.

Decoders get a file of pixels alone, in one piece, so that no other part can keep them busy or make them fail. As in
browsers, other parts may be broken; they are then ignored with a warning.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from typing import BinaryIO

from image_store.adapters.imaging.color.colorimetry import BT709, ColorSpace, Primaries, gamma, rgb_profile
from image_store.adapters.imaging.color.conversion import MAX_PROFILE_BYTES, ColorTag, tag_of_cicp
from image_store.adapters.imaging.formats.apng import AnimationReader, PngFrame, Span
from image_store.adapters.imaging.formats.exif import orientation_of
from image_store.adapters.imaging.formats.source import DAMAGED_PROFILE, NO_END, ContainerFacts, joined_names
from image_store.adapters.imaging.pieces import Pieces
from image_store.domain.errors import InvalidImage

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INFLATED_AT_ONCE, _PACKED_AT_ONCE, _READ_AT_ONCE = 1024 * 1024, 64 * 1024, 64 * 1024
# Many tools write these values for sRGB; browsers show them as sRGB unless the file declares primaries.
_GAMMA_OF_SRGB = range(45_450, 45_461)
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_CHUNKS_IN_USE = frozenset({b"acTL", b"fcTL", b"tRNS", b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"eXIf"})
_RGB_OF_FULL_RANGE = bytes((0, 1))
_LEAST_EXPONENT, _LARGEST_EXPONENT = 0.01, 1_000.0
_HEADER_BYTES, _ANCILLARY = 13, 0x20
_MOST_COLORS, _OF_A_PALETTE = 256, bytes((3,))
_PALETTE, _TRANSPARENCY, _DATA, _FRAME_DATA = b"PLTE", b"tRNS", b"IDAT", b"fdAT"


@dataclass(frozen=True, slots=True)
class PngChunk:
    """A chunk; `end` is the end of its bytes in the file, which may be truncated."""

    name: bytes
    start: int
    end: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Png:
    """The parts of a PNG; `frames` is empty for a still picture."""

    data: bytes
    header: bytes
    palette: bytes
    spans: tuple[Span, ...]
    facts: ContainerFacts
    frames: tuple[PngFrame, ...] = ()
    plays: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the canvas."""
        width, height = struct.unpack_from(">II", self.header)
        return width, height

    @property
    def color_type(self) -> int:
        """The colour type of the standard."""
        return self.header[9]

    @property
    def is_interlaced(self) -> bool:
        """Whether its rows are spread over seven passes."""
        return self.header[12] == 1

    def still(self) -> BinaryIO:
        """A file of the picture that viewers without support for animations show."""
        return self._file(self.header, self.spans)

    def still_of(self, frame: PngFrame) -> BinaryIO:
        """A file of one frame alone."""
        return self._file(struct.pack(">II", frame.width, frame.height) + self.header[8:], frame.spans)

    def is_whole(self, width: int, height: int, spans: Sequence[Span]) -> bool:
        """Whether all rows are present; decoders show missing ones as black."""
        left = _unpacked_bytes(self.header, width, height)
        inflater = zlib.decompressobj()
        # zlib copies the rest of its input each time, which is cheap for small pieces.
        pieces = (
            self.data[at : min(at + _PACKED_AT_ONCE, end)]
            for start, end in spans
            for at in range(start, end, _PACKED_AT_ONCE)
        )
        for piece in pieces:
            packed = piece
            while packed and left > 0:
                left -= len(inflater.decompress(packed, _INFLATED_AT_ONCE))
                packed = inflater.unconsumed_tail
            if inflater.eof or left <= 0:
                break
        return left <= 0

    def _file(self, header: bytes, spans: Sequence[Span]) -> BinaryIO:
        view = memoryview(self.data)
        size = sum(end - start for start, end in spans)
        # Pillow does not verify the checksum of pixel data; `_check_pixels` has done it.
        start, stop = struct.pack(">I4s", size, _DATA), bytes(4)
        pixels = [view[begin:end] for begin, end in spans]
        head = b"".join((SIGNATURE, _chunk(b"IHDR", header), self.palette, start))
        return BufferedReader(Pieces((head, *pixels, stop + _chunk(b"IEND", b""))), _READ_AT_ONCE)


def chunks(data: bytes) -> Iterator[PngChunk]:
    """Each chunk up to and including `IEND`, or to the end of the file; the last one may be truncated."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 8 + length
        yield PngChunk(data[at + 4 : at + 8], at + 8, min(end, len(data)), end + 4 <= len(data))
        if data[at + 4 : at + 8] == b"IEND":
            return
        at = end + 4


def read_png(data: bytes) -> Png:
    """Read a PNG that begins with its header; InvalidImage if its pixels are damaged."""
    reader = _Reader(data)
    for chunk in chunks(data):
        reader.take(chunk)
    return reader.png()


class _Reader:
    """Reads the chunks of a file one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._header = b""
        self._palette: dict[bytes, bytes] = {}
        self._spans: list[Span] = []
        self._ancillary: dict[bytes, bytes] = {}
        self._damaged: list[str] = []
        self._has_end = False
        self._animation = AnimationReader()

    def take(self, chunk: PngChunk) -> None:
        if chunk.name == _DATA:
            self._check_pixels(chunk)
            span = chunk.start, chunk.end
            self._spans.append(span)
            self._animation.take_picture_data(span)
        elif chunk.name == _FRAME_DATA:
            self._check_pixels(chunk)
            sequence = int.from_bytes(self._data[chunk.start : chunk.start + 4], "big")
            self._animation.take_frame_data(sequence, (min(chunk.start + 4, chunk.end), chunk.end))
        elif chunk.name == b"IEND":
            self._has_end = True
        elif chunk.name[0] & _ANCILLARY:
            self._take_ancillary(chunk)
        else:
            self._take_critical(chunk)

    def png(self) -> Png:
        if not self._spans or not self._header:
            raise InvalidImage("The PNG ends before its picture does: the file is incomplete.")
        frames, declared = self._animation.frames, self._animation.declared
        colors, color_warnings = _colors(self._ancillary)
        warnings = [] if self._has_end else [NO_END]
        if self._damaged:
            warnings.append(f"Damaged parts of the PNG are ignored: {joined_names(self._damaged)}.")
        if len(frames) != declared:
            warnings.append(
                f"The PNG declares {declared:,} frames and has {len(frames):,} that can be shown."
            )
        return Png(
            self._data,
            self._header,
            b"".join(
                _chunk(name, self._palette[name])
                for name in (_PALETTE, _TRANSPARENCY)
                if name in self._palette
            ),
            tuple(self._spans),
            ContainerFacts(
                colors, orientation_of(self._ancillary.get(b"eXIf", b"")), (*warnings, *color_warnings)
            ),
            frames,
            self._animation.plays,
        )

    def _check_pixels(self, chunk: PngChunk) -> None:
        """Refuse pixels with a wrong checksum; for a truncated chunk `is_whole` counts the rows later."""
        if chunk.is_whole and not self._has_right_checksum(chunk):
            raise _damaged()

    def _has_right_checksum(self, chunk: PngChunk) -> bool:
        checksum = zlib.crc32(memoryview(self._data)[chunk.start - 4 : chunk.end])
        return chunk.is_whole and checksum == int.from_bytes(self._data[chunk.end : chunk.end + 4], "big")

    def _take_ancillary(self, chunk: PngChunk) -> None:
        is_valid = self._has_right_checksum(chunk)
        body = self._data[chunk.start : chunk.end] if is_valid and chunk.name in _CHUNKS_IN_USE else b""
        if not is_valid:
            self._damaged.append(chunk.name.decode("ascii") if chunk.name.isalpha() else "unknown")
        if chunk.name == b"fcTL":
            size = struct.unpack_from(">II", self._header) if self._header else (0, 0)
            self._animation.take_frame_control(body, (size[0], size[1]), comes_before_data=not self._spans)
        elif not is_valid or self._spans:
            return  # a chunk after the pixels cannot change how they are shown
        elif chunk.name == b"acTL":
            self._animation.take_control(body)
        elif chunk.name == _TRANSPARENCY:
            if len(body) > _MOST_COLORS:
                self._damaged.append(_TRANSPARENCY.decode())
            else:
                self._palette.setdefault(chunk.name, body)
        else:
            self._ancillary.setdefault(chunk.name, body)

    def _take_critical(self, chunk: PngChunk) -> None:
        body = self._data[chunk.start : chunk.end]
        if not self._has_right_checksum(chunk):
            raise _damaged()
        if chunk.name == b"IHDR" and not self._header and len(body) == _HEADER_BYTES:
            self._header = body
        elif chunk.name == _PALETTE:
            self._take_palette(body)
        else:
            raise InvalidImage(
                "The PNG has a part that it cannot be shown without, and that no viewer knows."
            )

    def _take_palette(self, body: bytes) -> None:
        """Take the palette of a picture; an invalid one is ignored if the pixels do not need it.

        The palette is copied for each frame, so a large one would be expensive.
        """
        is_palette = len(body) % 3 == 0 and len(body) <= 3 * _MOST_COLORS
        if is_palette:
            self._palette.setdefault(_PALETTE, body)
        elif self._header[9:10] == _OF_A_PALETTE:
            raise InvalidImage(
                f"The PNG has a palette that is none: at most {_MOST_COLORS} colors, of 3 bytes."
            )
        else:
            self._damaged.append(_PALETTE.decode())


def _damaged() -> InvalidImage:
    return InvalidImage("The PNG is damaged or incomplete: it cannot be decoded to its end.")


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _unpacked_bytes(header: bytes, width: int, height: int) -> int:
    bits_per_pixel = header[8] * _SAMPLES.get(header[9], 1)
    passes = ((0, 0, 1, 1),) if header[12] != 1 else _ADAM7
    total = 0
    for left, top, columns, rows in passes:
        wide, high = -(-(width - left) // columns), -(-(height - top) // rows)
        if wide > 0 and high > 0:
            total += high * (1 + (wide * bits_per_pixel + 7) // 8)
    return total


def _colors(chunks: dict[bytes, bytes]) -> tuple[ColorTag, tuple[str, ...]]:
    """The colours that a PNG declares, and warnings about what is ignored: third edition, 4.3 and 12."""
    warnings: tuple[str, ...] = ()
    if b"cICP" in chunks:
        numbers = chunks[b"cICP"]
        tag = tag_of_cicp(*numbers[:2]) if len(numbers) == 4 and numbers[2:] == _RGB_OF_FULL_RANGE else None
        if tag is not None:
            return tag, ()
        warnings = ("The PNG describes its colors by numbers (cICP) that are not known; they are ignored.",)
    if b"iCCP" in chunks:
        profile = _unpacked_profile(chunks[b"iCCP"])
        if profile is not None:
            return profile, warnings
        warnings += (DAMAGED_PROFILE,)
    if b"sRGB" in chunks:
        return None, warnings
    return _colors_by_gamma(chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b"")), warnings


def _unpacked_profile(body: bytes) -> bytes | None:
    name, _, packed = body.partition(b"\x00")
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(packed[1:], MAX_PROFILE_BYTES + 1)
    except zlib.error:
        return None
    is_valid = name and packed[:1] == b"\x00" and inflater.eof and len(profile) <= MAX_PROFILE_BYTES
    is_valid = is_valid and profile[36:40] == b"acsp"  # ICC.1:2022, 7.2.11
    return profile if is_valid else None


def _colors_by_gamma(gamma_body: bytes, chromaticity_body: bytes) -> ColorTag:
    """As in Chromium, primaries count only with a gamma, and primaries that span no colours cancel the gamma."""
    encoding = int.from_bytes(gamma_body, "big") if len(gamma_body) == 4 else 0
    if not encoding:
        return None
    primaries = BT709
    if len(chromaticity_body) == 32:
        numbers = [number / 100_000 for number in struct.unpack(">8I", chromaticity_body)]
        (white_x, white_y, red_x, red_y, green_x, green_y, blue_x, blue_y) = numbers
        primaries = Primaries((red_x, red_y), (green_x, green_y), (blue_x, blue_y), (white_x, white_y))
    elif encoding in _GAMMA_OF_SRGB:
        return None
    exponent = 100_000 / encoding
    space = ColorSpace(primaries, gamma(min(max(exponent, _LEAST_EXPONENT), _LARGEST_EXPONENT)))
    try:
        rgb_profile(space)
    except ValueError:
        return None
    return space
