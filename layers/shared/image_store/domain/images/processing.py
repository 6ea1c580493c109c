"""The results of decoding an image."""

from dataclasses import dataclass

from image_store.domain.delivery.renditions import Placeholder, Rendition
from image_store.domain.images.media import MediaType


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A rendition just made, with its bytes."""

    rendition: Rendition
    data: bytes


@dataclass(frozen=True, slots=True)
class ProcessedImage:
    """Everything that one decode of an original yields.

    `width` and `height` are those of the picture after its EXIF orientation is applied.
    """

    media_type: MediaType
    width: int
    height: int
    frames: int
    renditions: tuple[RenderedFile, ...]
    placeholder: Placeholder
    perceptual_hash: str
    """16 hexadecimal digits, nearly equal for pictures that look alike."""
    warnings: tuple[str, ...] = ()
    """Facts that the caller should know, although the image can be stored."""
