"""JPEG (ITU-T T.81): decodes the picture, and checks that it is complete.

If the data ends too early, libjpeg fills the rest with grey or coarse blocks and reports nothing. But it waits for more
data while no marker ends the picture. So it gets the end marker only after the last row, or the last scan, is decoded.
"""

from collections.abc import Collection, Iterator
from random import Random
from typing import Protocol, cast

from PIL import Image, ImageFile

from image_store.adapters.imaging.color.conversion import MAX_PROFILE_BYTES
from image_store.adapters.imaging.decoding.opening import open_image
from image_store.adapters.imaging.decoding.picture import Picture
from image_store.adapters.imaging.formats.budget import Budget
from image_store.adapters.imaging.formats.exif import orientation_of
from image_store.adapters.imaging.formats.jpeg_segments import (
    ARITHMETIC_MARKERS,
    END,
    JpegScans,
    jpeg_head,
    jpeg_scans,
    jpeg_segments,
)
from image_store.adapters.imaging.formats.source import DAMAGED_PROFILE, NO_END, ContainerFacts
from image_store.adapters.imaging.rendering.sizes import Size, size_needed
from image_store.domain.delivery.renditions import Recipe
from image_store.domain.errors import InvalidImage
from image_store.domain.images.media import MediaType

_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_APPLICATION_AND_COMMENT = frozenset({*range(0xE0, 0xF0), 0xFE})
_EXIF, _PROFILE = b"Exif\x00\x00", b"ICC_PROFILE\x00"
# libjpeg reads eight bytes ahead. No table has a code of ones alone, so these bytes add nothing to the picture.
_PADDING = b"\xff\x00" * 8
_SENTINEL_SEED = 0
_PROBE, _PROBES = b"\xfe", 4


class _Decoder(Protocol):
    """A decoder of Pillow, whose own type is private."""

    def decode(self, data: bytes | memoryview) -> tuple[int, int]:
        """Decode data: the number of bytes used, -1 at the end of the picture; and an error if it is negative."""


class JpegFrames:
    """The picture of a JPEG whose structure was checked before; further pictures in the file are no frames.

    It is decoded at the smallest scale (1, 1/2, 1/4 or 1/8) that is large enough for all `recipes`.
    """

    count, plays = 1, 1

    def __init__(self, data: bytes, recipes: Collection[Recipe]) -> None:
        """Read the metadata, and open the picture."""
        self._data = data
        self._head, self.facts, self._frame_marker, self._scans = _read(data)
        self._opened = open_image(self._head, MediaType.JPEG)
        self.size: Size = self._opened.size
        # A recipe may name only a width, so the orientation counts.
        stored = Picture(self._opened, self.facts.orientation)
        needed = stored.stored_size(size_needed(stored.stored_size(self.size), recipes))
        self._opened.draft(None, needed)

    def decode(self) -> Iterator[tuple[Image.Image, float | None]]:
        """Decode the picture."""
        tile, end = self._opened.tile, self._scans.end
        is_done_early = self._decode(end)
        if is_done_early and not self._scans.is_end_certain:
            first_end = self._data.find(END, self._scans.start)
            if first_end < end:
                self._opened.tile = tile
                self._decode(first_end)
        yield self._opened, None

    def _decode(self, end: int) -> bool:
        """Decode the scans up to `end`; returns whether the decoder finished without an end marker."""
        decoder, sentinel = _prepared(self._opened)
        scans = memoryview(self._data)[self._scans.start : end]
        if self._frame_marker in ARITHMETIC_MARKERS:
            # libjpeg cannot wait for more data of arithmetic coding, and browsers do not support it.
            _finish(decoder, self._head + bytes(scans) + END)
            return False
        if _feed(decoder, self._head) != b"":
            raise _undecodable()
        unused = _feed(decoder, scans)
        left = None if unused is None else _feed(decoder, unused + _PADDING)
        if self._scans.is_one:
            is_whole = _last_row(self._opened) != sentinel
        else:
            is_whole = left is not None and _waits_for_marker(decoder, left)
        if not is_whole:
            raise InvalidImage("The JPEG ends before its picture does: the file is incomplete.")
        if not self._scans.is_one:
            _finish(decoder, END)
        return unused is None


def _read(data: bytes) -> tuple[bytes, ContainerFacts, int, JpegScans]:
    """The head of the file without metadata, the metadata, the marker of the frame, and the scans."""
    budget = Budget(MediaType.JPEG, len(data), len(data))
    head, pieces, exif = [data[:2]], [], b""
    for marker, start, end in jpeg_segments(data, budget):
        if marker not in _APPLICATION_AND_COMMENT or _declares_color_coding(marker, data[start:end]):
            head.append(data[start - 4 : end])
        elif marker == _APP1 and not exif and data.startswith(_EXIF, start):
            exif = data[start:end]
        elif marker == _APP2 and data.startswith(_PROFILE, start):
            pieces.append(data[start + len(_PROFILE) : end])
    headers = jpeg_head(data, Budget(MediaType.JPEG, len(data), len(data)))
    scans = jpeg_scans(data, headers, budget)
    profile, warnings = _joined_profile(pieces)
    if not scans.has_end:
        warnings += (NO_END,)
    return (
        b"".join(head),
        ContainerFacts(profile, orientation_of(exif), warnings),
        headers.frame_marker,
        scans,
    )


def _declares_color_coding(marker: int, body: bytes) -> bool:
    """Whether a segment is one of the two from which libjpeg learns how colours are coded."""
    is_jfif = marker == _APP0 and body.startswith(b"JFIF\x00") and len(body) >= 14
    return is_jfif or (marker == _APP14 and body.startswith(b"Adobe") and len(body) >= 12)


def _joined_profile(pieces: list[bytes]) -> tuple[bytes | None, tuple[str, ...]]:
    """Join the pieces of a profile; each begins with its number and the number of pieces: ICC.1:2022, B.4."""
    if not pieces:
        return None, ()
    numbered = {piece[0]: piece[2:] for piece in pieces if len(piece) > 2}
    is_whole = len(numbered) == len(pieces) and sorted(numbered) == list(range(1, len(pieces) + 1))
    profile = b"".join(numbered[number] for number in sorted(numbered))
    if not is_whole or pieces[0][1] != len(pieces) or len(profile) > MAX_PROFILE_BYTES:
        return None, (DAMAGED_PROFILE,)
    return profile, ()


def _prepared(image: ImageFile.ImageFile) -> tuple[_Decoder, bytes]:
    """A decoder that writes to an image, and the content of the last row until it is decoded."""
    image.load_prepare()
    (tile,) = image.tile
    image.tile, image.readonly = [], 0
    noise = Random(_SENTINEL_SEED).randbytes(image.width * len(image.getbands()))  # noqa: S311 - no secret
    image.paste(Image.frombytes(image.mode, (image.width, 1), noise), (0, image.height - 1))
    # ImageFile.load() would give it the whole file and its end at once.
    decoder = Image._getdecoder(image.mode, tile.codec_name, tile.args, image.decoderconfig)  # noqa: SLF001
    decoder.setimage(image.im, tile.extents)
    return cast("_Decoder", decoder), _last_row(image)


def _last_row(image: Image.Image) -> bytes:
    return image.crop((0, image.height - 1, image.width, image.height)).tobytes()


def _feed(decoder: _Decoder, data: bytes | memoryview) -> bytes | None:
    """Give more data to a decoder: the bytes that it has not used yet, None at the end of the picture."""
    used, error = decoder.decode(data)
    _check(error)
    return None if used < 0 else bytes(data[used:])


def _waits_for_marker(decoder: _Decoder, left: bytes) -> bool:
    """Whether all scans are decoded.

    After the last scan libjpeg skips everything but a marker at once. Within a scan it leaves a single byte unused
    until there are enough to continue.
    """
    for _ in range(_PROBES):
        used, error = decoder.decode(left + _PROBE)
        _check(error)
        if used != len(left) + len(_PROBE):
            return False
        left = b""
    return True


def _finish(decoder: _Decoder, rest: bytes) -> None:
    used, error = decoder.decode(rest)
    _check(error)
    if used >= 0:
        raise _undecodable()


def _check(error: int) -> None:
    if error < 0:
        raise _undecodable()


def _undecodable() -> InvalidImage:
    return InvalidImage("The JPEG is damaged or incomplete: it cannot be decoded to its end.")
