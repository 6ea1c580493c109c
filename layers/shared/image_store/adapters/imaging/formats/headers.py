"""Reads the size and the number of frames of an original from its bytes, at a cost limited by their number.

Decoders allocate memory before they report a size: libwebp the canvas, a GIF reader the largest frame that the file
declares. They also walk hostile structures (a million empty chunks) in slow loops. So each container is walked here
first. The walk also detects a truncated file if the container states its own length.

AVIF is not here: its reader parses the boxes without decoding and counts the frames itself.
"""

from collections.abc import Callable

from image_store.adapters.imaging.decoding.limits import Header
from image_store.adapters.imaging.formats.budget import Budget, big, contradiction, cut_off, little
from image_store.adapters.imaging.formats.gif import EXTENSION as GIF_EXTENSION
from image_store.adapters.imaging.formats.gif import HEADER_BYTES as GIF_HEADER_BYTES
from image_store.adapters.imaging.formats.gif import IMAGE as GIF_IMAGE
from image_store.adapters.imaging.formats.gif import TRAILER as GIF_TRAILER
from image_store.adapters.imaging.formats.jpeg_segments import jpeg_head, jpeg_scans
from image_store.adapters.imaging.formats.png import chunks as png_chunks
from image_store.adapters.imaging.formats.webp import PICTURE_CHUNKS as WEBP_PICTURE_CHUNKS
from image_store.adapters.imaging.formats.webp import chunks as webp_chunks
from image_store.domain.images.media import MediaType


def read_header(data: bytes, media_type: MediaType, *, max_metadata_bytes: int) -> Header | None:
    """Read the values that `data` claims; None for AVIF, where only the decoder's own parser knows them.

    EXIF, XMP, ICC, comments and unknown parts have at most `max_metadata_bytes` together.

    Raises
    ------
    InvalidImage
        the container is truncated, contradicts itself, or is built to be slow to read
    """
    reader = _READERS.get(media_type)
    if reader is None:
        return None
    try:
        return reader(data, max_metadata_bytes)
    except IndexError as error:
        raise cut_off(media_type) from error


# JPEG: ITU-T T.81 -----------------------------------------------------------------------------------------

_JPEG_BYTES_PER_PIXEL = 4


def _read_jpeg(data: bytes, max_metadata_bytes: int) -> Header:
    budget = Budget(MediaType.JPEG, len(data), max_metadata_bytes)
    head = jpeg_head(data, budget)
    scans = jpeg_scans(data, head, budget)
    # Until the last scan libjpeg keeps coefficients of two bytes for every sample.
    bytes_per_pixel = _JPEG_BYTES_PER_PIXEL if scans.is_one else 2 + 2 * data[head.frame_at + 5]
    width, height = big(data, head.frame_at + 3, 2), big(data, head.frame_at + 1, 2)
    return Header(width, height, passes=scans.count, bytes_per_pixel=bytes_per_pixel)


# PNG: W3C PNG (third edition), with the animation chunks ---------------------------------------------------

_PNG_GREY, _PNG_PALETTE, _PNG_TYPES_WITH_ALPHA = 0, 3, (4, 6)
_PNG_BYTES_MORE_WHEN_MOVING = 8
_PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
# Deflate at its best: RFC 1951 copies at most 258 bytes for two bits.
_DEFLATE_MAX_RATIO = 1_032
_PNG_PICTURE_CHUNKS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"fdAT", b"IEND", b"fcTL"})


def _read_png(data: bytes, max_metadata_bytes: int) -> Header:
    budget = Budget(MediaType.PNG, len(data), max_metadata_bytes)
    if data[12:16] != b"IHDR":
        raise contradiction(MediaType.PNG, "it does not begin with its header")
    width, height = big(data, 16, 4), big(data, 20, 4)
    packed_bytes, has_alpha, is_animated = 0, data[25] in _PNG_TYPES_WITH_ALPHA, False
    for chunk in png_chunks(data):
        budget.take_part()
        if chunk.name == b"acTL":
            is_animated = True
        elif chunk.name == b"fcTL" and is_animated:  # an `fcTL` before the `acTL` is no frame
            budget.take_frame()
        elif chunk.name == b"IDAT":
            packed_bytes += chunk.end - chunk.start
        elif chunk.name == b"tRNS":
            has_alpha = True
        if chunk.name not in _PNG_PICTURE_CHUNKS:
            budget.take_metadata(chunk.end - chunk.start)
        if budget.has_frames_enough:
            break
    if not packed_bytes:
        raise cut_off(MediaType.PNG)
    frames = max(1, budget.frames) if is_animated else 1
    bytes_per_pixel = _png_bytes_per_pixel(data[25], data[24], has_alpha=has_alpha)
    return Header(
        width,
        height,
        frames,
        bytes_per_pixel=bytes_per_pixel + _PNG_BYTES_MORE_WHEN_MOVING * is_animated,
        is_plausible=packed_bytes * _DEFLATE_MAX_RATIO >= _png_bytes(data, width, height),
    )


def _png_bytes_per_pixel(color_type: int, bits: int, *, has_alpha: bool) -> int:
    if has_alpha:
        return 8
    if color_type == _PNG_GREY:
        return 2 if bits <= 8 else 4
    return 5 if color_type == _PNG_PALETTE else 4


def _png_bytes(data: bytes, width: int, height: int) -> int:
    """The least number of bytes after unpacking; decoders show missing ones as black."""
    bits_per_pixel = data[24] * _PNG_SAMPLES.get(data[25], 1)
    return (width * bits_per_pixel + 7) // 8 * height


# GIF: GIF89a specification ---------------------------------------------------------------------------------

_GIF_BYTES_PER_PIXEL = (5, 9, 12)  # still, still and smaller than its canvas, moving
# Encoders fill sub-blocks to 254 or 255 bytes; only the last one of a frame and comments are shorter.
_GIF_BYTES_PER_SUB_BLOCK = 64


def _read_gif(data: bytes, max_metadata_bytes: int) -> Header:
    budget = Budget(MediaType.GIF, len(data), max_metadata_bytes, bytes_per_part=_GIF_BYTES_PER_SUB_BLOCK)
    width, height = little(data, 6, 2), little(data, 8, 2)
    at = GIF_HEADER_BYTES + _gif_palette_bytes(data[10])
    is_covered = False
    while at < len(data) and not budget.has_frames_enough:
        budget.take_part()
        block = data[at]
        if block == GIF_TRAILER:
            break
        if block == GIF_EXTENSION:
            at = _gif_after_sub_blocks(data, at + 2, budget)
        elif block == GIF_IMAGE:
            left, top = little(data, at + 1, 2), little(data, at + 3, 2)
            right, bottom = left + little(data, at + 5, 2), top + little(data, at + 7, 2)
            if not budget.frames:
                is_covered = (left, top) == (0, 0) and right >= width and bottom >= height
            budget.take_frame()
            # A frame may reach beyond the canvas; it is decoded at its own size.
            width, height = max(width, right), max(height, bottom)
            at = _gif_after_sub_blocks(data, at + 11 + _gif_palette_bytes(data[at + 9]), budget)
        elif block == 0:
            at += 1  # stray terminators are common and mean nothing
        else:
            raise contradiction(MediaType.GIF, "there is an unknown block in it")
    if budget.frames == 0:
        raise contradiction(MediaType.GIF, "there is no picture in it")
    kind = 2 if budget.frames > 1 else 0 if is_covered else 1
    return Header(width, height, budget.frames, bytes_per_pixel=_GIF_BYTES_PER_PIXEL[kind])


def _gif_palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_after_sub_blocks(data: bytes, at: int, budget: Budget) -> int:
    """Where the sub-blocks at `at` end; only the last terminator of a file may be missing."""
    while at != len(data):
        size = data[at]
        budget.take_part()
        at += 1 + size
        if size == 0:
            break
    return at


# WebP: RFC 9649 --------------------------------------------------------------------------------------------

_WEBP_BYTES_PER_PIXEL = (16, 24)  # still, moving


def _read_webp(data: bytes, max_metadata_bytes: int) -> Header:
    budget = Budget(MediaType.WEBP, len(data), max_metadata_bytes)
    size: tuple[int, int] | None = None
    for chunk in webp_chunks(data):
        budget.take_part()
        if chunk.name in WEBP_PICTURE_CHUNKS and not chunk.is_whole:
            raise cut_off(MediaType.WEBP)
        if chunk.name == b"ANMF":
            budget.take_frame()
        elif chunk.name not in WEBP_PICTURE_CHUNKS:
            budget.take_metadata(min(chunk.length, len(data)))
        if size is None:
            size = _webp_size(data, chunk.name, chunk.start)
        if budget.has_frames_enough:
            break
    if size is None:
        raise contradiction(MediaType.WEBP, "there is no picture in it")
    frames = max(1, budget.frames)
    return Header(*size, frames, bytes_per_pixel=_WEBP_BYTES_PER_PIXEL[frames > 1])


def _webp_size(data: bytes, name: bytes, start: int) -> tuple[int, int] | None:
    if name == b"VP8X":
        return little(data, start + 4, 3) + 1, little(data, start + 7, 3) + 1
    if name == b"VP8L":
        bits = little(data, start + 1, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if name == b"VP8 ":
        return little(data, start + 6, 2) & 0x3FFF, little(data, start + 8, 2) & 0x3FFF
    return None


_READERS: dict[MediaType, Callable[[bytes, int], Header]] = {
    MediaType.JPEG: _read_jpeg,
    MediaType.PNG: _read_png,
    MediaType.GIF: _read_gif,
    MediaType.WEBP: _read_webp,
}
