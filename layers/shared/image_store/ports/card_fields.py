"""What cards carry on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from image_store.domain.image import Details
    from image_store.domain.renditions import Rendition


class CardDetails(Protocol):
    """The rows beside those of lists. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def details(self, image_ids: Collection[str]) -> Mapping[str, Details]:
        """The details of images, eventually consistent; absent ones are left out."""
        ...

    def renditions(self, image_ids: Collection[str]) -> Mapping[str, tuple[Rendition, ...]]:
        """The renditions that were made with images, eventually consistent; absent images are left out."""
        ...
