"""Makes the transform of a signed link once, at the first request for it.

1. Lease, as for renditions.
2. Mark. The record notes that there may be transforms, so that a deletion looks for them.
3. Make the file and put it to `transforms/{id}/{attempt}/{digest of the recipe}.{ext}`, unless the key exists.

No record names a transform. It is deleted with its image, or after 30 days by the lifecycle of the bucket; the next
request makes it again. A transform that arrives after the deletion is removed by the sweep of the tombstone.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from image_store.domain.delivery.render_requests import TransformRequest
from image_store.domain.delivery.signed_links import transform_filename
from image_store.domain.errors import Conflict
from image_store.domain.images.image import ImageRecord, State
from image_store.domain.images.provenance import ProvenanceMark
from image_store.ports.delivery import RenderLeases
from image_store.ports.images import ImageProcessor, ImageRepository
from image_store.ports.objects import ObjectStore
from image_store.ports.system import Clock, Ids
from image_store.services.delivery.publishing import PRIVATE_CACHE_CONTROL
from image_store.services.delivery.rendering import file_of_original, take_render_lease
from image_store.services.images.write_protocol import too_late

_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Transforming:
    """Makes transforms that are missing."""

    repository: ImageRepository
    leases: RenderLeases
    private: ObjectStore
    processor: ImageProcessor
    clock: Clock
    ids: Ids
    mark: ProvenanceMark = ProvenanceMark.SOURCE

    def make(self, request: TransformRequest, *, until: datetime) -> None:
        """Make a transform, unless it exists, is being made, or does not apply to this image. Safe to repeat.

        Raises
        ------
        StorageUnavailable, DeadlineExceeded
        """
        if not take_render_lease(self.leases, request.name, self.ids.token(), self.clock.now()):
            return
        record = self._mark(request.image_id)
        if record is None:
            return
        key = record.transform_key(transform_filename(request.recipe))
        if self.private.head(key) is not None:
            return
        file = file_of_original(
            record,
            "transform",
            request.recipe,
            repository=self.repository,
            private=self.private,
            processor=self.processor,
            mark=self.mark,
        )
        if self.clock.now() >= until:
            raise too_late()
        try:
            self.private.put(
                key,
                file.data,
                content_type=file.rendition.media_type,
                cache_control=PRIVATE_CACHE_CONTROL,
                metadata={},
            )
        except Conflict:
            return  # another try was first, and its encoder wrote other bytes

    def _mark(self, image_id: str) -> ImageRecord | None:
        """Note in the record that there may be transforms, and return it; None if the image cannot have any."""
        for _ in range(_TRIES):
            record = self.repository.get_record(image_id)
            if record is None or record.state is not State.READY:
                return None
            if record.transformed:
                return record
            if record.intent is not None:
                return None  # it is being published; see `rendering`
            marked = replace(record, transformed=True, amendment=self.ids.token())
            try:
                self.repository.amend(record, marked)
            except Conflict:
                continue
            return marked
        return None
