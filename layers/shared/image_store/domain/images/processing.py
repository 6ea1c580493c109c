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

    `width` and `height` are those of the picture as it is meant to be seen, EXIF orientation applied.
    """

    media_type: MediaType
    width: int
    height: int
    frames: int
    renditions: tuple[RenderedFile, ...]
    placeholder: Placeholder
    perceptual_hash: str
    """16 hexadecimal digits that are nearly the same for pictures that look the same."""
    warnings: tuple[str, ...] = ()
    """Facts that the caller should know, although the image can be stored."""
