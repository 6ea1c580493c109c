"""Rebuilds records from the originals of the private bucket alone.

The bucket knows id, owner, kind, checksum, type, size and dates of an image. The rest is lost with the table: titles,
tags, groups, prompts, publications. So images come back private, with a filename of their type.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from image_store.domain.delivery.renditions import UPLOAD_RECIPES, Rendition
from image_store.domain.errors import (
    BrokenOriginal,
    ChecksumMismatch,
    ConfigurationError,
    Conflict,
    DeadlineExceeded,
    ImageStoreError,
    StorageUnavailable,
)
from image_store.domain.ids import created_at
from image_store.domain.images.details import Details
from image_store.domain.images.draft import warnings
from image_store.domain.images.image import Image, ImageRecord, State, Visibility, attempt_prefix
from image_store.domain.images.media import MAX_BYTES
from image_store.domain.images.processing import ProcessedImage, RenderedFile
from image_store.domain.images.provenance import ProvenanceMark, provenance_of
from image_store.domain.images.quota import Quota
from image_store.domain.upkeep.lost_originals import OriginalFacts, OriginalKey
from image_store.domain.upkeep.recovery import RecoveryError, RecoveryJob, RecoveryOutcome, RecoveryTally
from image_store.ports.images import ImageProcessor, ImageRepository
from image_store.ports.objects import ObjectMissing, ObjectStore, StoredObject
from image_store.ports.system import Clock, Ids
from image_store.services.delivery.publishing import PRIVATE_CACHE_CONTROL
from image_store.services.images.write_protocol import too_late

ROOM_FOR_ONE = timedelta(seconds=20)
"""The time for the largest image, from reading its original to its record."""

_PAGE_OBJECTS = 500
_PAGES_A_STEP = 20
TRY_AGAIN = (StorageUnavailable, DeadlineExceeded, ConfigurationError)
"""Errors that do not depend on the image: the step saves its results, and a later step continues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FromBucket:
    """Rebuilds the records of originals that have none."""

    repository: ImageRepository
    private: ObjectStore
    processor: ImageProcessor
    quota: Quota
    clock: Clock
    ids: Ids
    mark: ProvenanceMark = ProvenanceMark.SOURCE

    def step(self, recovery: RecoveryJob, *, until: datetime) -> RecoveryJob:
        """Examine the next objects in the order of their keys. Safe to repeat: what has a record is left as it is."""
        after = recovery
        try:
            for _ in range(_PAGES_A_STEP):
                page = list(islice(self.private.list("", after=after.after), _PAGE_OBJECTS))
                if not page:
                    return after.ended_at(self.clock.now())
                originals = [(each, key) for each in page if (key := OriginalKey.parse(each.key)) is not None]
                after = self._after_originals(after, originals, until)
                # Without its last original the page is not complete; with it only other objects may follow.
                if not originals or after.after == originals[-1][0].key:
                    after = replace(after, after=page[-1].key)
                if self._is_late(until):
                    return after
        except TRY_AGAIN:
            if after.after == recovery.after:
                raise
        return after

    def _after_originals(
        self, recovery: RecoveryJob, originals: list[tuple[StoredObject, OriginalKey]], until: datetime
    ) -> RecoveryJob:
        """The recovery after some originals, or those for which there was time; its position is the last of them."""
        ids = {key.image_id for _, key in originals}
        records = self.repository.get_records(ids)
        known_ids = records.keys() | records.unreadable
        ended = self.repository.ended(dict.fromkeys(ids - known_ids, 0))
        for stored, key in originals:
            if key.image_id in known_ids:
                tally = recovery.tally.plus(RecoveryOutcome.ALREADY_THERE)
            elif key.image_id in ended and not recovery.options.ended:
                tally = recovery.tally.plus(RecoveryOutcome.ENDED)
            else:
                tally = self._tally_after(recovery, stored, key, until)
                known_ids.add(key.image_id)  # another attempt at the same image may follow
            recovery = replace(recovery, tally=tally, after=stored.key)
            if self._is_late(until):
                break
        return recovery

    def _tally_after(
        self, recovery: RecoveryJob, stored: StoredObject, key: OriginalKey, until: datetime
    ) -> RecoveryTally:
        try:
            facts = self._facts(stored, key)
            if not recovery.options.dry_run:
                self._recover(stored, key, facts, until)
        except ObjectMissing:
            return recovery.tally  # it was removed meanwhile
        except Conflict:
            return recovery.tally.plus(RecoveryOutcome.ALREADY_THERE)  # another writer was first
        except TRY_AGAIN:
            raise
        except ImageStoreError as error:
            return recovery.tally.plus_failure(RecoveryError(stored.key, error.code, error.message))
        return recovery.tally.plus(RecoveryOutcome.IMAGES)

    def _facts(self, stored: StoredObject, key: OriginalKey) -> OriginalFacts:
        head = self.private.head(stored.key)
        if head is None:
            raise ObjectMissing
        facts = OriginalFacts.parse(head.metadata)
        if facts.image_id != key.image_id:
            raise BrokenOriginal("The metadata of the original names another image.")
        if stored.size_bytes > MAX_BYTES:
            raise BrokenOriginal("The original is larger than any that this store accepts.")
        return facts

    def _recover(self, stored: StoredObject, key: OriginalKey, facts: OriginalFacts, until: datetime) -> None:
        data = self.private.get(stored.key, max_bytes=stored.size_bytes)
        if hashlib.sha256(data).hexdigest() != facts.sha256:
            raise ChecksumMismatch("The stored original is not the one that was accepted.")
        processed = self.processor.process(
            data, key.media_type, UPLOAD_RECIPES, provenance=provenance_of(self.mark, facts.kind, None)
        )
        if self.clock.now() >= until:
            raise too_late()
        renditions = tuple(self._stored(key, file) for file in processed.renditions)
        record = self._record(stored, key, facts, processed, renditions)
        details = Details(warnings=warnings(record.size_bytes, processed))
        self.repository.recover(Image(record, details))

    def _stored(self, key: OriginalKey, file: RenderedFile) -> Rendition:
        """A rendition, stored now or by an earlier release of the store, whose encoder made it of another size."""
        prefix = attempt_prefix(key.folder, key.image_id, key.attempt)
        try:
            self.private.put(
                f"{prefix}{file.rendition.filename}",
                file.data,
                content_type=file.rendition.media_type,
                cache_control=PRIVATE_CACHE_CONTROL,
                metadata={},
            )
        except Conflict:
            there = self.private.head(f"{prefix}{file.rendition.filename}")
            if there is None:
                raise
            return replace(file.rendition, size_bytes=there.size_bytes)
        return file.rendition

    def _record(
        self,
        stored: StoredObject,
        key: OriginalKey,
        facts: OriginalFacts,
        processed: ProcessedImage,
        renditions: tuple[Rendition, ...],
    ) -> ImageRecord:
        return ImageRecord(
            id=key.image_id,
            owner=facts.owner,
            state=State.READY,
            attempt=key.attempt,
            version=1,
            change=self.ids.token(),
            folder=key.folder,
            kind=facts.kind,
            visibility=Visibility.PRIVATE,
            filename=f"image.{key.media_type.extension}",
            media_type=key.media_type,
            size_bytes=stored.size_bytes,
            width=processed.width,
            height=processed.height,
            sha256=facts.sha256,
            placeholder=processed.placeholder,
            perceptual_hash=processed.perceptual_hash,
            renditions=renditions,
            created_at=created_at(key.image_id),
            updated_at=max(created_at(key.image_id), stored.modified_at),
            counted=self.quota.is_set,
        )

    def _is_late(self, until: datetime) -> bool:
        return self.clock.now() + ROOM_FOR_ONE > until
