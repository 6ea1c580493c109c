"""GIF: finds the frames and decodes each as a file of its own (GIF89a specification)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from image_store.adapters.imaging.decoding.canvas import Canvas
from image_store.adapters.imaging.decoding.opening import open_image
from image_store.adapters.imaging.formats.source import NO_END, ContainerFacts
from image_store.adapters.imaging.rendering.sizes import Size
from image_store.domain.errors import InvalidImage
from image_store.domain.images.media import MediaType

EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
HEADER_BYTES = 13
_CONTROL, _APPLICATION = 0xF9, 0xFF
_HAS_PALETTE, _IS_INTERLACED, _IS_TRANSPARENT = 0x80, 0x40, 0x01
_CLEAR, _RESTORE = 2, 3
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


@dataclass(frozen=True, slots=True)
class _Control:
    """The values of a graphic control extension, for the frame that follows it."""

    duration_ms: float | None = None
    disposal: int = 0
    transparent: int | None = None


@dataclass(frozen=True, slots=True)
class _GifFrame:
    place: tuple[int, int]
    size: Size
    is_interlaced: bool
    palette: bytes
    start: int
    end: int
    control: _Control


class GifFrames:
    """The frames of a GIF whose structure was checked before."""

    def __init__(self, data: bytes) -> None:
        """Find the frames; nothing is decoded yet."""
        self._data = data
        self.plays = 1
        self._frames: list[_GifFrame] = []
        has_end = self._read()
        if not self._frames:
            raise InvalidImage("The GIF is damaged: there is no picture in it.")
        self.facts = ContainerFacts(warnings=() if has_end else (NO_END,))
        width, height = struct.unpack_from("<HH", data, 6)
        first = self._frames[0]
        # As in Chromium, the first frame may enlarge the canvas; no other frame does.
        self.size: Size = (
            max(width, first.place[0] + first.size[0]),
            max(height, first.place[1] + first.size[1]),
        )
        self.count = len(self._frames)

    def decode(self) -> Iterator[tuple[Image.Image, float | None]]:
        """Decode each frame, laid over what remains of the frames before it."""
        first = self._frames[0]
        if self.count == 1 and first.place == (0, 0) and first.size == self.size:
            yield self._image(first), first.control.duration_ms
            return
        canvas = Canvas(self.size, "RGBA")
        for frame in self._frames:
            before = (
                canvas.part_before(frame.size, frame.place) if frame.control.disposal == _RESTORE else None
            )
            canvas.lay(self._image(frame), frame.place, is_over=frame.control.transparent is not None)
            yield canvas.image, frame.control.duration_ms
            if before is not None:
                canvas.image.paste(before, frame.place)
            elif frame.control.disposal == _CLEAR:
                canvas.clear(frame.size, frame.place)

    def _read(self) -> bool:
        """Find the frames, and return whether the file has an end mark."""
        data, control = self._data, _Control()
        at, palette = _palette(data, data[10], HEADER_BYTES)
        while at < len(data):
            if data[at] == TRAILER:
                return True
            if data[at] == EXTENSION:
                body = data[at + 3 : at + 3 + data[at + 2]]
                if data[at + 1] == _CONTROL and len(body) >= 4:
                    control = _control(body)
                elif data[at + 1] == _APPLICATION and body in _LOOPS and not self._frames:
                    self._read_loop(at + 3 + len(body))
                at = after_sub_blocks(data, at + 2)
            elif data[at] == IMAGE:
                at = self._read_frame(at, palette, control)
                control = _Control()
            else:
                at += 1
        return False

    def _read_loop(self, at: int) -> None:
        if self._data[at] >= 3 and self._data[at + 1] == 1:
            (repeats,) = struct.unpack_from("<H", self._data, at + 2)
            self.plays = repeats + 1 if repeats else 0

    def _read_frame(self, at: int, palette: bytes, control: _Control) -> int:
        left, top, width, height, flags = struct.unpack_from("<HHHHB", self._data, at + 1)
        start, own = _palette(self._data, flags, at + 10)
        end = after_sub_blocks(self._data, start + 1)
        is_interlaced = bool(flags & _IS_INTERLACED)
        self._frames.append(
            _GifFrame((left, top), (width, height), is_interlaced, own or palette, start, end, control)
        )
        return end

    def _image(self, frame: _GifFrame) -> Image.Image:
        """One frame alone, with its transparent colour."""
        image = self._indices(frame, fill=0)
        if _last_row_is(image, 0, frame) and _last_row_is(self._indices(frame, fill=1), 1, frame):
            # Decoders do not touch rows that are missing, so the last row still holds what it was filled with.
            raise InvalidImage("The GIF ends before its picture does: the file is incomplete.")
        transparent = frame.control.transparent
        if transparent is not None:
            image.info["transparency"] = transparent
        return image

    def _indices(self, frame: _GifFrame, *, fill: int) -> Image.Image:
        """A frame as entries of its palette; pixels that are missing have the entry `fill`."""
        width, height = frame.size
        colors = len(frame.palette) // 3
        flags = _HAS_PALETTE | (colors.bit_length() - 2) if colors else 0
        data = b"".join(
            (
                struct.pack("<6sHHBBB", b"GIF89a", width, height, flags, 0, 0),
                frame.palette,
                b"!\xf9\x04\x01\x00\x00" + bytes((fill, 0)) if fill else b"",
                struct.pack("<BHHHHB", IMAGE, 0, 0, width, height, _IS_INTERLACED * frame.is_interlaced),
                memoryview(self._data)[frame.start : frame.end],
                b"\x00;",
            )
        )
        image = open_image(data, MediaType.GIF)
        image.load()
        image.info = {}
        return image


def after_sub_blocks(data: bytes, at: int) -> int:
    """Where the sub-blocks that begin at `at` end; the terminator may be missing at the end of the file."""
    while at < len(data):
        size = data[at]
        at += 1 + size
        if size == 0:
            break
    return min(at, len(data))


def _palette(data: bytes, flags: int, at: int) -> tuple[int, bytes]:
    size = 3 << ((flags & 7) + 1) if flags & _HAS_PALETTE else 0
    return at + size, data[at : at + size]


def _control(body: bytes) -> _Control:
    flags, duration, transparent = struct.unpack_from("<BHB", body)
    return _Control(10.0 * duration, flags >> 2 & 7, transparent if flags & _IS_TRANSPARENT else None)


def _last_row_is(image: Image.Image, entry: int, frame: _GifFrame) -> bool:
    """Whether the row that is decoded last has only this entry."""
    height = image.height
    top = height - 2 if frame.is_interlaced and height > 1 and height % 2 else height - 1
    row = image.crop((0, top, image.width, top + 1)).tobytes()
    return row.count(entry) == len(row)
