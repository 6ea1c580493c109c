"""Reads the reference images of a generation request."""

from collections.abc import Collection
from dataclasses import dataclass

from image_store.domain.errors import ImageNotFound
from image_store.domain.generation.providers import Reference
from image_store.domain.images.image import ImageRecord, State
from image_store.domain.images.media import MediaType
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectMissing, ObjectStore

MAX_ORIGINAL_BYTES = 8 * 1024 * 1024
"""A larger original is replaced by its `display` rendition."""
_ACCEPTED_TYPES = frozenset({MediaType.JPEG, MediaType.PNG, MediaType.WEBP})


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Reads images of an owner to send them to a provider."""

    repository: ImageRepository
    private: ObjectStore

    def read(self, owner: str, image_ids: Collection[str]) -> tuple[Reference, ...]:
        """Read the images in their order; ImageNotFound if one is missing or belongs to another owner."""
        if not image_ids:
            return ()
        images = self.repository.get_records(image_ids)
        return tuple(self._read(owner, images.get(image_id)) for image_id in image_ids)

    def _read(self, owner: str, record: ImageRecord | None) -> Reference:
        if record is None or record.owner != owner or record.state is not State.READY:
            raise _not_found()
        key, media_type = record.original_key, record.media_type
        display = record.rendition("display")
        if (
            record.size_bytes > MAX_ORIGINAL_BYTES or media_type not in _ACCEPTED_TYPES
        ) and display is not None:
            key, media_type = record.rendition_key(display), display.media_type
        try:
            data = self.private.get(key, max_bytes=record.stored_bytes)
        except ObjectMissing as missing:
            raise _not_found() from missing
        return Reference(data, media_type)


def _not_found() -> ImageNotFound:
    return ImageNotFound("A reference image was deleted before it was used.")
