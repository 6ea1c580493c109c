"""Reading one image, by its owner or by whoever has its link."""

import hmac

from image_store.domain.errors import ImageNotFound
from image_store.domain.ids import is_image_id, parse_link
from image_store.domain.images.image import Image, ImageRecord, State
from image_store.ports.images import ImageRepository

_SHOWN = frozenset({State.READY, State.TRASHED})


def not_found() -> ImageNotFound:
    """The one answer for what does not exist, is deleted, or belongs to somebody else."""
    return ImageNotFound("There is no such image.")


class Retrieval:
    """Finds images for those who may see them."""

    def __init__(self, *, repository: ImageRepository) -> None:
        self._repository = repository

    def get(self, owner: str, image_id: str) -> Image:
        """An image of this owner, ready or trashed; ImageNotFound otherwise."""
        image = self._repository.get(image_id) if is_image_id(image_id) else None
        if image is None or image.record.owner != owner or image.record.state not in _SHOWN:
            raise not_found()
        return image

    def get_record(self, owner: str, image_id: str) -> ImageRecord:
        """The same without its details: one item read."""
        record = self._repository.get_record(image_id) if is_image_id(image_id) else None
        if record is None or record.owner != owner or record.state not in _SHOWN:
            raise not_found()
        return record

    def ready(self, image_id: str) -> ImageRecord:
        """An image that is READY, whoever's it is; ImageNotFound otherwise."""
        record = self._repository.get_record(image_id) if is_image_id(image_id) else None
        if record is None or record.state is not State.READY:
            raise not_found()
        return record

    def published(self, link: str) -> ImageRecord:
        """The image that a public link shows; ImageNotFound unless the link is that of its current publication."""
        named = parse_link(link)
        record = self._repository.get_record(named[0]) if named else None
        if named is None or record is None or record.state is not State.READY or record.publication is None:
            raise not_found()
        if not hmac.compare_digest(record.publication, named[1]):
            raise not_found()
        return record
