"""Makes a missing rendition once, at the first request for it.

1. Lease. A row for image, preset and format is held for 40 s. While another try holds it, nothing is made.
   Then the record is read: the rendition may exist by now.
2. Make. The original is read, checked against its checksum and decoded.
3. Put. The bytes go to a key that only this try uses, `{folder}{id}/{attempt}/{preset}-{making}.{ext}`. No try adopts
   or replaces an object of another. So the sweep of orphans, which waits a day, never deletes an object that a late
   commit names.
4. Copy, if the image is published: the row of the publication names the copy, then the copy is written.
5. Commit. One conditional write adds the rendition to the record as it was read. The version stays, since no client
   sees a difference. A concurrent change that does not know this rendition fails and reads again, so unpublishing and
   deletion know every rendition.

If the record changed before the commit, it is read again. If the publication of the copy is no longer current, the
copy is deleted. Then steps 4 and 5 are tried again for the record as it is now. While an image is being published it
gets no new rendition, because the list of its copies is fixed.

What each failure leaves:

- after 1: the lease, which expires. Until then requests get the nearest existing rendition.
- after 3: a private object that no record names. The sweep of orphans removes it after a day, or the deletion of the
  image removes it with the folder.
- after 4: also a copy, which the row of its publication names. It is removed with the publication: the row stays due
  until no announced copy can still be written; then cleanup deletes and purges the copies and removes the row.
- after 5: the rendition, even if the response was lost.

If a lease expires too early, two tries may run at once. Only one of them commits.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.delivery.render_requests import RenditionRequest
from image_store.domain.delivery.renditions import (
    MAX_SIDE_PX,
    MAX_WEBP_SIDE_PX,
    Fit,
    Preset,
    Recipe,
    Rendition,
)
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.images.image import ImageRecord, Kind, State
from image_store.domain.images.processing import RenderedFile
from image_store.domain.images.provenance import Provenance, ProvenanceMark, provenance_of
from image_store.ports.delivery import RenderLeases
from image_store.ports.images import ImageProcessor, ImageRepository
from image_store.ports.objects import ObjectMissing, ObjectStore
from image_store.ports.system import Clock, Ids
from image_store.services.delivery.publishing import PRIVATE_CACHE_CONTROL, Publisher
from image_store.services.images.write_protocol import too_late

LEASE = timedelta(seconds=40)
"""Longer than the timeout of the function that makes renditions."""

_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """Makes renditions that are missing."""

    repository: ImageRepository
    leases: RenderLeases
    private: ObjectStore
    publisher: Publisher
    processor: ImageProcessor
    presets: Mapping[str, Preset]
    clock: Clock
    ids: Ids
    mark: ProvenanceMark = ProvenanceMark.SOURCE

    def make(self, request: RenditionRequest, *, until: datetime) -> None:
        """Make a rendition, unless it exists, is being made, or does not apply to this image.

        The caller reads the record afterwards. Safe to repeat.

        Raises
        ------
        StorageUnavailable, DeadlineExceeded
        """
        preset = self.presets.get(request.preset)
        if preset is None or preset.at_upload or request.media_type not in preset.formats:
            return
        making = self.ids.token()
        if not take_render_lease(self.leases, request.name, making, self.clock.now()):
            return
        record = self._record_without(request)
        if record is None:
            return
        recipe = within_limits(preset.recipe_in(request.media_type), record)
        file = file_of_original(
            record,
            preset.name,
            recipe,
            repository=self.repository,
            private=self.private,
            processor=self.processor,
            mark=self.mark,
        )
        if self.clock.now() >= until:
            raise too_late()
        rendition = replace(file.rendition, making=making)
        self._put(record, RenderedFile(rendition, file.data))
        self._commit(request, record, rendition)

    def _record_without(self, request: RenditionRequest) -> ImageRecord | None:
        """The record of an image that may get the rendition and does not have it; otherwise None."""
        record = self.repository.get_record(request.image_id)
        if record is None or not record.is_visible or record.intent is not None:
            return None
        return None if record.rendition(request.preset, request.media_type) is not None else record

    def _put(self, record: ImageRecord, file: RenderedFile) -> None:
        self.private.put(
            record.rendition_key(file.rendition),
            file.data,
            content_type=file.rendition.media_type,
            cache_control=PRIVATE_CACHE_CONTROL,
            metadata={},
        )

    def _commit(self, request: RenditionRequest, record: ImageRecord, rendition: Rendition) -> None:
        for _ in range(_TRIES):
            if self.publisher.add_copy(record, rendition):
                renditions = (*record.renditions, rendition)
                try:
                    self.repository.amend(
                        record, replace(record, renditions=renditions, amendment=self.ids.token())
                    )
                except Conflict:
                    pass
                else:
                    return
            current = self.repository.get_record(record.id)
            if record.publication is not None and not _has_publication(current, record.publication):
                self.publisher.delete_copy(record.publication, rendition)
            next_record = self._record_without(request)
            if next_record is None:
                return
            record = next_record


def _has_publication(record: ImageRecord | None, publication: str) -> bool:
    return record is not None and record.state is State.READY and record.publication == publication


def within_limits(recipe: Recipe, record: ImageRecord) -> Recipe:
    """The recipe; with both sides if the missing side would be longer than WebP allows."""
    if recipe.width is not None and recipe.height is None:
        width = min(recipe.width, record.width)
        is_long = record.height * width > MAX_WEBP_SIDE_PX * record.width
        return replace(recipe, height=MAX_SIDE_PX, fit=Fit.SCALE_DOWN) if is_long else recipe
    if recipe.height is not None and recipe.width is None:
        height = min(recipe.height, record.height)
        is_long = record.width * height > MAX_WEBP_SIDE_PX * record.height
        return replace(recipe, width=MAX_SIDE_PX, fit=Fit.SCALE_DOWN) if is_long else recipe
    return recipe


def take_render_lease(leases: RenderLeases, name: str, holder: str, at: datetime) -> bool:
    """Take the lease to make a file, which expires; False while another try holds it."""
    return leases.take_rendering(name, holder=holder, at=at, until=at + LEASE)


def file_of_original(
    record: ImageRecord,
    name: str,
    recipe: Recipe,
    *,
    repository: ImageRepository,
    private: ObjectStore,
    processor: ImageProcessor,
    mark: ProvenanceMark,
) -> RenderedFile:
    """Make a file by a recipe from the original; StorageUnavailable if the original is missing or damaged."""
    data = _original(private, record)
    provenance = provenance_for(repository, record, mark)
    (file,) = processor.process(data, record.media_type, {name: recipe}, provenance=provenance).renditions
    return file


def provenance_for(
    repository: ImageRepository, record: ImageRecord, mark: ProvenanceMark
) -> Provenance | None:
    """The provenance that a rendition carries; details are read only if the mark includes the prompt."""
    has_prompt = mark is ProvenanceMark.PROMPT and record.kind is Kind.GENERATED
    image = repository.get(record.id) if has_prompt else None
    return provenance_of(mark, record.kind, image.details.generation if image is not None else None)


def _original(private: ObjectStore, record: ImageRecord) -> bytes:
    """The bytes as they were accepted; StorageUnavailable if they are missing or different."""
    try:
        data = private.get(record.original_key, max_bytes=record.size_bytes)
    except ObjectMissing as missing:
        raise StorageUnavailable("The image is being deleted.") from missing
    if hashlib.sha256(data).hexdigest() != record.sha256:
        raise StorageUnavailable("The stored bytes are not those that were accepted.")
    return data
