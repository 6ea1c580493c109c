"""Size and frame count of an original, read from the bytes alone and at a cost bounded by their number.

Decoders allocate before they can be asked: libwebp the canvas, a GIF reader a frame as large as any frame
says. They also walk hostile structure (a million empty chunks) in slow loops. So each container is walked
here first. The walk also sees a file that was cut off, wherever the container tells its own length.

AVIF is missing on purpose: its reader parses the boxes without decoding and counts the frames itself.
"""

import re
from collections.abc import Callable, Iterator

from image_store.adapters.imaging.limits import Header
from image_store.domain.errors import InvalidImage
from image_store.domain.media import MediaType

_MAX_PARTS_AT_LEAST = 4_096
_BYTES_PER_PART = 1_024
_PARTS_PER_FRAME = 4
_MAX_FRAMES_COUNTED = 10_000
_MAX_JUNK_BYTES = 65_536


def read_header(data: bytes, media_type: MediaType, *, max_metadata_bytes: int) -> Header | None:
    """Read what `data` claims; None where only the decoder's own parser can tell (AVIF).

    EXIF, XMP, ICC, comments and unknown parts have at most `max_metadata_bytes` together.

    Raises
    ------
    InvalidImage
        the container is cut off, contradicts itself, or is built to be slow to read
    """
    read = _READERS.get(media_type)
    if read is None:
        return None
    try:
        return read(data, max_metadata_bytes)
    except IndexError as error:
        raise _cut_off(media_type) from error


def _cut_off(media_type: MediaType) -> InvalidImage:
    return InvalidImage(f"The {media_type.name} ends before its picture does: the file is incomplete.")


def _contradiction(media_type: MediaType, what: str) -> InvalidImage:
    return InvalidImage(f"The {media_type.name} is damaged: {what}.")


class _Budget:
    """Counts the parts of one file and refuses what only serves to keep a reader busy."""

    def __init__(
        self,
        media_type: MediaType,
        size_bytes: int,
        max_metadata_bytes: int,
        *,
        bytes_per_part: int = _BYTES_PER_PART,
    ) -> None:
        self._media_type = media_type
        self._parts_left = _MAX_PARTS_AT_LEAST + size_bytes // bytes_per_part
        self._max_metadata_bytes = self._metadata_left = max_metadata_bytes
        self.frames = 0

    @property
    def has_frames_enough(self) -> bool:
        """Whether counting on is pointless: no deployment decodes that many frames."""
        return self.frames >= _MAX_FRAMES_COUNTED

    def take_frame(self) -> None:
        self.frames += 1
        self._parts_left += _PARTS_PER_FRAME

    def take_part(self) -> None:
        self._parts_left -= 1
        if self._parts_left < 0:
            raise _contradiction(self._media_type, "it is cut into too many small parts")

    def take_metadata(self, size_bytes: int) -> None:
        self._metadata_left -= size_bytes
        if self._metadata_left < 0:
            raise InvalidImage(
                f"The {self._media_type.name} carries more than "
                f"{self._max_metadata_bytes:,} bytes of metadata."
            )


# JPEG: ITU-T T.81, annex B ---------------------------------------------------------------------------------

_SOF_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE_MARKERS = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_STANDALONE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
_JPEG_BYTES_PER_PIXEL = 4
_START_OF_SCAN, _END_OF_IMAGE, _COMMENT = 0xDA, 0xD9, 0xFE
_APPLICATION_MARKERS = range(0xE0, 0xF0)
# In entropy-coded data 0xFF is followed by 0x00 or a restart marker; fill bytes precede a marker.
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def _read_jpeg(data: bytes, max_metadata_bytes: int) -> Header:
    budget = _Budget(MediaType.JPEG, len(data), max_metadata_bytes)
    frame: tuple[int, int] | None = None
    for marker, start, end in _jpeg_segments(data, budget):
        if marker in _SOF_MARKERS:
            if frame is not None:
                raise _contradiction(MediaType.JPEG, "it has two frame headers")
            frame = (marker, start)
        elif marker == _START_OF_SCAN:
            if frame is None:
                raise _contradiction(MediaType.JPEG, "its picture has no header")
            frame_marker, at = frame
            # A sequential picture whose first scan has all components is complete after it.
            is_one_scan = frame_marker not in _PROGRESSIVE_MARKERS and data[start] == data[at + 5]
            passes = 1 if is_one_scan else _count_scans(data, end, budget)
            # Until the last scan libjpeg keeps coefficients of two bytes for every sample.
            bytes_per_pixel = _JPEG_BYTES_PER_PIXEL if is_one_scan else 2 + 2 * data[at + 5]
            return Header(
                _big(data, at + 3, 2), _big(data, at + 1, 2), passes=passes, bytes_per_pixel=bytes_per_pixel
            )
    raise _cut_off(MediaType.JPEG)


def _jpeg_segments(data: bytes, budget: _Budget) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, start, end) of each segment up to and with the first start of scan."""
    at, junk = 2, 0
    while True:
        found = data.find(b"\xff", at)
        if found < 0:
            raise _cut_off(MediaType.JPEG)
        junk += found - at
        while data[found + 1] == 0xFF:
            found += 1
            junk += 1
            if junk > _MAX_JUNK_BYTES:
                break
        if junk > _MAX_JUNK_BYTES:
            raise _contradiction(MediaType.JPEG, "there are long stretches of junk in its header")
        marker = data[found + 1]
        budget.take_part()
        if marker == 0x00 or marker in _STANDALONE_MARKERS:
            at = found + 2
            continue
        if marker == _END_OF_IMAGE:
            raise _cut_off(MediaType.JPEG)
        length = _big(data, found + 2, 2)
        start, end = found + 4, found + 2 + length
        if length < 2:
            raise _contradiction(MediaType.JPEG, "a segment has no length")
        if end > len(data):
            raise _cut_off(MediaType.JPEG)
        if marker in _APPLICATION_MARKERS or marker == _COMMENT:
            budget.take_metadata(length)
        yield marker, start, end
        if marker == _START_OF_SCAN:
            return
        at = end


def _count_scans(data: bytes, first_scan: int, budget: _Budget) -> int:
    """Count the scans of the picture, stopping at its end: a second picture or a film may follow."""
    scans, at = 1, first_scan
    while match := _MARKER_IN_SCAN.search(data, at):
        marker = data[match.end() - 1]
        if marker == _END_OF_IMAGE:
            break
        if marker in _STANDALONE_MARKERS:
            at = match.end()
            continue
        budget.take_part()
        scans += marker == _START_OF_SCAN
        at = match.end() + max(2, _big(data, match.end(), 2))
    return scans


# PNG: W3C PNG (third edition), with the animation chunks ---------------------------------------------------

_PNG_SIGNATURE_BYTES = 8
_PNG_GREY, _PNG_PALETTE, _PNG_TYPES_WITH_ALPHA = 0, 3, (4, 6)
_PNG_BYTES_MORE_WHEN_MOVING = 8
_PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
# Deflate at its best: RFC 1951 copies at most 258 bytes for two bits.
_DEFLATE_MAX_RATIO = 1_032
_PNG_PICTURE_CHUNKS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"fdAT", b"IEND", b"fcTL"})


def _read_png(data: bytes, max_metadata_bytes: int) -> Header:
    budget = _Budget(MediaType.PNG, len(data), max_metadata_bytes)
    if data[12:16] != b"IHDR":
        raise _contradiction(MediaType.PNG, "it does not begin with its header")
    width, height = _big(data, 16, 4), _big(data, 20, 4)
    declared, packed_bytes, has_alpha = 1, 0, data[25] in _PNG_TYPES_WITH_ALPHA
    for name, start, length in _png_chunks(data, budget):
        if name == b"acTL":
            declared = max(declared, _big(data, start, 4))
        elif name == b"fcTL":
            budget.take_frame()
        elif name == b"IDAT":
            packed_bytes += length
        elif name == b"tRNS":
            has_alpha = True
        if name not in _PNG_PICTURE_CHUNKS:
            budget.take_metadata(length)
        if name == b"IEND" or budget.has_frames_enough:
            is_plausible = packed_bytes * _DEFLATE_MAX_RATIO >= _png_bytes(data, width, height)
            frames = max(declared, budget.frames)
            bytes_per_pixel = _png_bytes_per_pixel(data[25], data[24], has_alpha=has_alpha)
            return Header(
                width,
                height,
                frames,
                bytes_per_pixel=bytes_per_pixel + _PNG_BYTES_MORE_WHEN_MOVING * (frames > 1),
                is_plausible=is_plausible,
            )
    raise _cut_off(MediaType.PNG)


def _png_bytes_per_pixel(color_type: int, bits: int, *, has_alpha: bool) -> int:
    if has_alpha:
        return 8
    if color_type == _PNG_GREY:
        return 2 if bits <= 8 else 4
    return 5 if color_type == _PNG_PALETTE else 4


def _png_bytes(data: bytes, width: int, height: int) -> int:
    """How many bytes the picture data must at least unpack to; decoders take missing ones for black."""
    bits_per_pixel = data[24] * _PNG_SAMPLES.get(data[25], 1)
    return (width * bits_per_pixel + 7) // 8 * height


def _png_chunks(data: bytes, budget: _Budget) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, start, length) of each chunk that is wholly there."""
    at = _PNG_SIGNATURE_BYTES
    while at + 12 <= len(data):
        budget.take_part()
        length = _big(data, at, 4)
        if at + 12 + length > len(data):
            return
        yield data[at + 4 : at + 8], at + 8, length
        at += 12 + length


# GIF: GIF89a specification ---------------------------------------------------------------------------------

_GIF_EXTENSION, _GIF_IMAGE, _GIF_TRAILER = 0x21, 0x2C, 0x3B
_GIF_HEADER_BYTES = 13
_GIF_BYTES_PER_PIXEL = (5, 12)  # still, moving
# Encoders fill sub-blocks to 254 or 255 bytes; shorter ones only end a frame or carry a comment.
_GIF_BYTES_PER_SUB_BLOCK = 64


def _read_gif(data: bytes, max_metadata_bytes: int) -> Header:
    budget = _Budget(MediaType.GIF, len(data), max_metadata_bytes, bytes_per_part=_GIF_BYTES_PER_SUB_BLOCK)
    width, height = _little(data, 6, 2), _little(data, 8, 2)
    at = _GIF_HEADER_BYTES + _gif_palette_bytes(data[10])
    while not budget.has_frames_enough:
        budget.take_part()
        block = data[at]
        if block == _GIF_TRAILER:
            break
        if block == _GIF_EXTENSION:
            at = _gif_after_sub_blocks(data, at + 2, budget)
        elif block == _GIF_IMAGE:
            budget.take_frame()
            # A frame may reach beyond the canvas; decoders then make the canvas larger.
            width = max(width, _little(data, at + 1, 2) + _little(data, at + 5, 2))
            height = max(height, _little(data, at + 3, 2) + _little(data, at + 7, 2))
            at = _gif_after_sub_blocks(data, at + 11 + _gif_palette_bytes(data[at + 9]), budget)
        elif block == 0:
            at += 1  # stray terminators occur in the wild and mean nothing
        else:
            raise _contradiction(MediaType.GIF, "there is an unknown block in it")
    if budget.frames == 0:
        raise _contradiction(MediaType.GIF, "there is no picture in it")
    return Header(width, height, budget.frames, bytes_per_pixel=_GIF_BYTES_PER_PIXEL[budget.frames > 1])


def _gif_palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_after_sub_blocks(data: bytes, at: int, budget: _Budget) -> int:
    while size := data[at]:
        budget.take_part()
        at += 1 + size
    return at + 1


# WebP: RFC 9649 --------------------------------------------------------------------------------------------

_WEBP_BYTES_PER_PIXEL = (16, 24)  # still, moving
_WEBP_PICTURE_CHUNKS = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})


def _read_webp(data: bytes, max_metadata_bytes: int) -> Header:
    budget = _Budget(MediaType.WEBP, len(data), max_metadata_bytes)
    end = 8 + _little(data, 4, 4)
    if end > len(data):
        raise _cut_off(MediaType.WEBP)
    size: tuple[int, int] | None = None
    at = 12
    while at + 8 <= end and not budget.has_frames_enough:
        budget.take_part()
        name, length, start = data[at : at + 4], _little(data, at + 4, 4), at + 8
        if start + length > end:
            raise _cut_off(MediaType.WEBP)
        if name == b"ANMF":
            budget.take_frame()
        elif name not in _WEBP_PICTURE_CHUNKS:
            budget.take_metadata(length)
        if size is None:
            size = _webp_size(data, name, start)
        at = start + length + (length & 1)
    if size is None:
        raise _contradiction(MediaType.WEBP, "there is no picture in it")
    frames = max(1, budget.frames)
    return Header(*size, frames, bytes_per_pixel=_WEBP_BYTES_PER_PIXEL[frames > 1])


def _webp_size(data: bytes, name: bytes, start: int) -> tuple[int, int] | None:
    if name == b"VP8X":
        return _little(data, start + 4, 3) + 1, _little(data, start + 7, 3) + 1
    if name == b"VP8L":
        bits = _little(data, start + 1, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if name == b"VP8 ":
        return _little(data, start + 6, 2) & 0x3FFF, _little(data, start + 8, 2) & 0x3FFF
    return None


_READERS: dict[MediaType, Callable[[bytes, int], Header]] = {
    MediaType.JPEG: _read_jpeg,
    MediaType.PNG: _read_png,
    MediaType.GIF: _read_gif,
    MediaType.WEBP: _read_webp,
}


def _big(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise IndexError(at)
    return int.from_bytes(data[at : at + size], "big")


def _little(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise IndexError(at)
    return int.from_bytes(data[at : at + size], "little")
