"""WebP (RFC 9649): separates the pixels from the other chunks, and reads these."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from image_store.adapters.imaging.decoding.opening import frames_in, open_image
from image_store.adapters.imaging.formats.exif import orientation_of
from image_store.adapters.imaging.formats.source import ContainerFacts
from image_store.domain.images.media import MediaType

if TYPE_CHECKING:
    from image_store.adapters.imaging.rendering.sizes import Size

PICTURE_CHUNKS = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})
_FEATURES = b"VP8X"
_HAS_PROFILE, _HAS_EXIF, _HAS_XMP = 0x20, 0x08, 0x04
_CUT_OFF = "Damaged parts at the end of the WebP are ignored; its picture is complete."


@dataclass(frozen=True, slots=True)
class WebpChunk:
    """A chunk; `is_whole` is false if the file ends within it."""

    name: bytes
    start: int
    length: int
    is_whole: bool


def chunks(data: bytes) -> Iterator[WebpChunk]:
    """Each chunk that begins within the length that the file states."""
    at, end = 12, min(8 + int.from_bytes(data[4:8], "little"), len(data))
    while at + 8 <= end:
        (length,) = struct.unpack_from("<I", data, at + 4)
        yield WebpChunk(data[at : at + 4], at + 8, length, at + 8 + length <= len(data))
        at += 8 + length + (length & 1)


class WebpFrames:
    """The frames of a WebP whose structure was checked before."""

    def __init__(self, data: bytes) -> None:
        """Read the metadata, and open the pixels."""
        picture, self.facts = _picture_alone(data)
        self._opened = open_image(picture, MediaType.WEBP)
        self.size: Size = self._opened.size
        self.count: int = getattr(self._opened, "n_frames", 1)
        loops = self._opened.info.get("loop")
        self.plays = loops if isinstance(loops, int) else 0

    def decode(self) -> Iterator[tuple[Image.Image, float | None]]:
        """Decode each frame."""
        return frames_in(self._opened, count=self.count)


def _picture_alone(data: bytes) -> tuple[bytes, ContainerFacts]:
    """A file of the pixels alone, and the facts in the other chunks."""
    parts: list[bytes | memoryview] = []
    features, warnings = 0, []
    metadata: dict[bytes, bytes] = {}
    view = memoryview(data)
    for chunk in chunks(data):
        body = view[chunk.start : chunk.start + chunk.length]
        if chunk.name == _FEATURES and chunk.length >= 1 and not parts:
            features = body[0]
            picture_features = features & ~(_HAS_PROFILE | _HAS_EXIF | _HAS_XMP)
            parts += (
                view[chunk.start - 8 : chunk.start],
                bytes((picture_features,)),
                body[1:],
                bytes(chunk.length & 1),
            )
        elif chunk.name in PICTURE_CHUNKS:
            parts += (view[chunk.start - 8 : chunk.start], body, bytes(chunk.length & 1))
        elif not chunk.is_whole:
            warnings = [_CUT_OFF]
        elif chunk.name in (b"ICCP", b"EXIF"):
            metadata.setdefault(chunk.name, bytes(body))
    if len(data) < 8 + int.from_bytes(data[4:8], "little"):
        warnings = [_CUT_OFF]
    size = 4 + sum(len(part) for part in parts)
    profile = metadata.get(b"ICCP") if features & _HAS_PROFILE else None
    orientation = orientation_of(metadata.get(b"EXIF", b"")) if features & _HAS_EXIF else 1
    picture = b"".join((b"RIFF", size.to_bytes(4, "little"), b"WEBP", *parts))
    return picture, ContainerFacts(profile or None, orientation, tuple(warnings))
