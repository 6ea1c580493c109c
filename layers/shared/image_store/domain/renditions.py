"""Presets, and the renditions made by them."""

from dataclasses import dataclass
from enum import StrEnum

from image_store.domain.media import MediaType


class Preset(StrEnum):
    """The named ways to derive a picture from an original."""

    THUMB = "thumb"
    DISPLAY = "display"


UPLOAD_PRESETS = (Preset.THUMB, Preset.DISPLAY)
"""Renditions that exist from the moment an image is READY."""

THUMB_SIDE_PX = 300
DISPLAY_SIDE_PX = 2048


@dataclass(frozen=True, slots=True)
class Rendition:
    """A stored rendition: what a client must know to show it, without its key."""

    preset: str
    media_type: MediaType
    width: int
    height: int
    size_bytes: int
    making: str | None = None
    """The try that made it on request; None for those that were made with the image."""

    @property
    def filename(self) -> str:
        """The last segment of its private key: no two tries at making it share one."""
        making = "" if self.making is None else f"-{self.making}"
        return f"{self.preset}{making}.{self.media_type.extension}"

    @property
    def public_filename(self) -> str:
        """The last segment of the public key of its copy."""
        return f"{self.preset}.{self.media_type.extension}"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What a client paints before the thumbnail has arrived: a blurhash and `#rrggbb`."""

    blurhash: str
    color: str


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A rendition just made, with its bytes."""

    rendition: Rendition
    data: bytes


@dataclass(frozen=True, slots=True)
class ProcessedImage:
    """All that one decode of an original yields.

    `width` and `height` are those of the picture as it is meant to be seen, EXIF orientation applied.
    """

    media_type: MediaType
    width: int
    height: int
    frames: int
    renditions: tuple[RenderedFile, ...]
    placeholder: Placeholder
