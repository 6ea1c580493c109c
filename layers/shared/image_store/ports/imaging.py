"""Making renditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from image_store.domain.making import RenderRequest
    from image_store.domain.media import MediaType
    from image_store.domain.processing import ProcessedImage
    from image_store.domain.provenance import Provenance
    from image_store.domain.renditions import Recipe


class ImageProcessor(Protocol):
    """Turns untrusted bytes into facts and renditions."""

    def process(
        self,
        data: bytes,
        media_type: MediaType | None,
        recipes: Mapping[str, Recipe],
        *,
        provenance: Provenance | None = None,
    ) -> ProcessedImage:
        """Verify that `data` is an image the store accepts and make a rendition by each recipe from one decode.

        `media_type` is what the image is known to be, None when nobody said. Renditions come in the order of
        `recipes` and under their names; they have the orientation applied, are in sRGB and carry no metadata
        but `provenance`.

        Raises
        ------
        PayloadTooLarge, UnsupportedMediaType, ContentTypeMismatch, InvalidImage, ImageTooLarge, TooManyFrames
        """
        ...


class Renderer(Protocol):
    """Makes what is missing, somewhere with the memory and the libraries for it."""

    def render(self, wanted: RenderRequest) -> None:
        """Have it made, and wait for that; what has become of it is told by the record.

        It may be there already, or be in the making by somebody else, and then this returns at once.
        Raises StorageUnavailable when it was not made.
        """
        ...


class RenderLeases(Protocol):
    """The right to make a file of an image, for one at a time."""

    def take_rendering(self, name: str, *, holder: str, at: datetime, until: datetime) -> bool:
        """Take the right to make a file of an image until `until`; False while somebody else has it.

        `name` is the image's id and the file's name; `holder` names one try. The right ends by itself.
        """
        ...
