"""Finds the published image that an address of another store leads to."""

from dataclasses import dataclass

from image_store.domain.delivery.old_paths import names_of_path
from image_store.domain.images.image import ImageRecord, State
from image_store.ports.delivery import OldPaths
from image_store.ports.images import ImageRepository
from image_store.services.images.retrieval import not_found

_MOST_IMAGES = 5
"""Images of one name that are looked at; more than one has it only if two stores had the same path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldLinks:
    """Follows the images, not their publications: an image that is published again is found again."""

    old_paths: OldPaths
    repository: ImageRepository

    def find(self, path: str) -> ImageRecord:
        """The record of the image that is published now, the newest if there are several; ImageNotFound otherwise."""
        for name in names_of_path(path):
            for image_id in self.old_paths.image_ids(name, limit=_MOST_IMAGES):
                record = self.repository.get_record(image_id)
                if record is not None and record.state is State.READY and record.publication is not None:
                    return record
        raise not_found()
