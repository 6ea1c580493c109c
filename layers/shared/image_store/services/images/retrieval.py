"""Reads one image, for its owner or by its public link."""

import hmac

from image_store.domain.errors import ImageNotFound
from image_store.domain.ids import is_image_id, parse_link
from image_store.domain.images.image import Image, ImageRecord, State
from image_store.ports.images import ImageRepository


def not_found() -> ImageNotFound:
    """The same error for an image that does not exist, is deleted, or belongs to another owner."""
    return ImageNotFound("There is no such image.")


class Retrieval:
    """Reads images for callers that may see them."""

    def __init__(self, *, repository: ImageRepository) -> None:
        self._repository = repository

    def get(self, owner: str, image_id: str) -> Image:
        """An image of this owner, READY or TRASHED; ImageNotFound otherwise."""
        image = self._repository.get(image_id) if is_image_id(image_id) else None
        if image is None or image.record.owner != owner or not image.record.is_visible:
            raise not_found()
        return image

    def get_record(self, owner: str, image_id: str) -> ImageRecord:
        """The record alone: one item read; ImageNotFound as in `get`."""
        record = self._repository.get_record(image_id) if is_image_id(image_id) else None
        if record is None or record.owner != owner or not record.is_visible:
            raise not_found()
        return record

    def get_ready(self, image_id: str) -> ImageRecord:
        """The record of a READY image of any owner; ImageNotFound otherwise."""
        record = self._repository.get_record(image_id) if is_image_id(image_id) else None
        if record is None or record.state is not State.READY:
            raise not_found()
        return record

    def get_public(self, link: str) -> ImageRecord:
        """The record of a public link; ImageNotFound unless the link names the current publication."""
        parts = parse_link(link)
        record = self._repository.get_record(parts[0]) if parts else None
        if parts is None or record is None or record.state is not State.READY or record.publication is None:
            raise not_found()
        if not hmac.compare_digest(record.publication, parts[1]):
            raise not_found()
        return record
