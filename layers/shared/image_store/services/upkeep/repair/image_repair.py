"""Repairs one image."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from image_store.domain.delivery.renditions import Preset, Recipe, Rendition
from image_store.domain.errors import ChecksumMismatch, Conflict
from image_store.domain.images.image import ImageRecord, State
from image_store.domain.images.processing import RenderedFile
from image_store.domain.images.provenance import ProvenanceMark
from image_store.domain.upkeep.repair import MissingObjects
from image_store.ports.images import ImageProcessor, ImageRepository
from image_store.ports.objects import ObjectMissing, ObjectStore
from image_store.ports.system import Clock, Ids
from image_store.services.delivery.publishing import PRIVATE_CACHE_CONTROL, Publisher
from image_store.services.delivery.rendering import provenance_for, within_limits
from image_store.services.images.write_protocol import too_late
from image_store.services.upkeep.repair.storage_check import StorageCheck

_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRepair:
    """Restores the missing objects of one image."""

    repository: ImageRepository
    check: StorageCheck
    private: ObjectStore
    publisher: Publisher
    processor: ImageProcessor
    presets: Mapping[str, Preset]
    clock: Clock
    ids: Ids
    mark: ProvenanceMark = ProvenanceMark.SOURCE

    def repair(
        self, image_id: str, *, until: datetime, missing: MissingObjects | None = None
    ) -> MissingObjects:
        """Restore the missing renditions and public copies of an image, and return what was missing. Safe to repeat.

        `missing` is the result of a check a moment ago; without it storage is checked now. Does nothing if the image is
        not READY or TRASHED, or its original is missing.

        Raises
        ------
        ChecksumMismatch
            the stored bytes are not those that were accepted
        Conflict
            its publication has no row, which would have to name the copies: publish the image again
        InvalidImage and its subclasses
            this version of the store cannot decode the original
        StorageUnavailable, DeadlineExceeded
            a later try may succeed
        """
        record = self.repository.get_record(image_id)
        if record is None or not record.is_visible:
            return MissingObjects()
        if missing is None:
            (missing,) = self.check.missing([record])
        if missing.original:
            return missing
        if missing.renditions:
            self._make(record, missing.renditions, until)
        if missing.copies:
            self._copy(image_id, missing.copies)
        return missing

    def _make(self, record: ImageRecord, missing: Sequence[Rendition], until: datetime) -> None:
        data = self._original(record)
        recipes = {
            rendition.filename: recipe
            for rendition in missing
            if (recipe := self._recipe(record, rendition)) is not None
        }
        provenance = provenance_for(self.repository, record, self.mark)
        files = self.processor.process(data, record.media_type, recipes, provenance=provenance).renditions
        if self.clock.now() >= until:
            raise too_late()
        files_by_name = {file.rendition.preset: file for file in files}
        for rendition in missing:
            if (file := files_by_name.get(rendition.filename)) is not None:
                self._put(record, rendition, file)
        self._amend_sizes(
            record.id, {name: file.rendition.size_bytes for name, file in files_by_name.items()}
        )

    def _recipe(self, record: ImageRecord, rendition: Rendition) -> Recipe | None:
        """The recipe of a rendition in its present format; None if the deployment has no such preset any more."""
        preset = self.presets.get(rendition.preset)
        if preset is None:
            return None
        return within_limits(preset.recipe_in(rendition.media_type), record)

    def _original(self, record: ImageRecord) -> bytes:
        try:
            data = self.private.get(record.original_key, max_bytes=record.size_bytes)
        except ObjectMissing as missing:
            raise Conflict("The image was deleted while it was being repaired.") from missing
        if hashlib.sha256(data).hexdigest() != record.sha256:
            raise ChecksumMismatch("The stored original is not the one that was accepted.")
        return data

    def _put(self, record: ImageRecord, rendition: Rendition, file: RenderedFile) -> None:
        try:
            self.private.put(
                record.rendition_key(rendition),
                file.data,
                content_type=rendition.media_type,
                cache_control=PRIVATE_CACHE_CONTROL,
                metadata={},
            )
        except Conflict:
            return  # another repair was first, with another version of an encoder

    def _amend_sizes(self, image_id: str, sizes: Mapping[str, int]) -> None:
        """Correct the sizes of renditions in the record."""
        for _ in range(_TRIES):
            record = self.repository.get_record(image_id)
            if record is None or not record.is_visible:
                return
            renditions = tuple(
                replace(rendition, size_bytes=sizes.get(rendition.filename, rendition.size_bytes))
                for rendition in record.renditions
            )
            if renditions == record.renditions:
                return
            try:
                self.repository.amend(
                    record, replace(record, renditions=renditions, amendment=self.ids.token())
                )
            except Conflict:
                continue  # the image was changed meanwhile
            return

    def _copy(self, image_id: str, missing: Sequence[Rendition]) -> None:
        for rendition in missing:
            record = self.repository.get_record(image_id)
            if record is None or record.state is not State.READY or record.publication is None:
                return  # it was unpublished meanwhile
            current = next((each for each in record.renditions if each.filename == rendition.filename), None)
            if current is not None and not self.publisher.add_copy(record, current):
                self._require_unpublished(record)

    def _require_unpublished(self, record: ImageRecord) -> None:
        """Conflict if the image still has a publication without a row."""
        now = self.repository.get_record(record.id)
        if now is not None and now.publication == record.publication:
            raise Conflict(
                "The publication of this image has no row: make the image private, and publish it again."
            )
