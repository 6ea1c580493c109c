"""Restores images of a backup: the original first, then the record."""

import hashlib
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

from image_store.domain.backup.lines import BackupLine
from image_store.domain.errors import (
    BackupDamaged,
    ChecksumMismatch,
    ConfigurationError,
    Conflict,
    DeadlineExceeded,
    ImageStoreError,
    PayloadTooLarge,
    StorageUnavailable,
    UnreadableRow,
)
from image_store.domain.images.image import Image, ImageRecord, State, Visibility
from image_store.domain.upkeep.recovery import RecoveryError, RecoveryOptions, RecoveryOutcome, RecoveryTally
from image_store.domain.work import RepairImage
from image_store.ports.backup import LostRows
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectMissing, ObjectStore
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids
from image_store.services.backup.library import BackupLibrary
from image_store.services.delivery.publishing import PRIVATE_CACHE_CONTROL
from image_store.services.images.write_protocol import facts_of
from image_store.services.upkeep.repair.storage_check import StorageCheck

PARALLEL_IMAGES = 8
TRY_AGAIN = (StorageUnavailable, DeadlineExceeded, ConfigurationError)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """What became of one image."""

    outcome: RecoveryOutcome
    record: ImageRecord | None = None
    """The record that is there now."""
    is_stored: bool = False
    """Whether the original of this record was found or stored a moment ago."""
    size_bytes: int = 0
    error: RecoveryError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LostImages:
    """Restores images, several at once."""

    repository: ImageRepository
    rows: LostRows
    private: ObjectStore
    check: StorageCheck
    work: WorkQueue
    clock: Clock
    ids: Ids
    trash_retention: timedelta

    def restore(
        self,
        lines: Sequence[BackupLine],
        tally: RecoveryTally,
        options: RecoveryOptions,
        *,
        library: BackupLibrary,
        gone: Collection[str],
    ) -> RecoveryTally:
        """Restore the images of some lines, and return the tally after them. Safe to repeat.

        `gone` are images that were deleted since. Raises StorageUnavailable.
        """
        images: list[Image] = []
        for line in lines:
            try:
                image = self._image_of(line)
            except (BackupDamaged, UnreadableRow) as error:
                tally = tally.plus_failure(RecoveryError(line.image_id or "", error.code, error.message))
                continue
            if options.owner is None or image.record.owner == options.owner:
                images.append(image)
        known = self.repository.get_records({image.record.id for image in images})
        lost = {
            image.record.id: image.record.version
            for image in images
            if image.record.id not in known and image.record.id not in known.unreadable
        }
        ended = {*self.repository.ended(lost), *gone}

        def restore_one(image: Image) -> _Result:
            try:
                if image.record.id in known.unreadable:
                    raise UnreadableRow("There is a record that this version of the store cannot read.")
                return self._restore(image, known.get(image.record.id), ended, options, library)
            except TRY_AGAIN:
                raise
            except ImageStoreError as error:
                return _Result(
                    outcome=RecoveryOutcome.FAILED,
                    error=RecoveryError(image.record.id, error.code, error.message),
                )

        with ThreadPoolExecutor(PARALLEL_IMAGES) as pool:
            results = list(pool.map(restore_one, images))
        for result in results:
            tally = (
                tally.plus_failure(result.error)
                if result.error is not None
                else tally.plus(result.outcome, size_bytes=result.size_bytes)
            )
        return tally if options.dry_run else tally.plus(repairs=self._queue_repairs(results))

    def _image_of(self, line: BackupLine) -> Image:
        image = self.rows.image_of(line.rows)
        if image.record.id != line.image_id or not image.record.is_visible:
            raise BackupDamaged("The line of the backup is not that of this image.")
        return image

    def _restore(
        self,
        image: Image,
        there: ImageRecord | None,
        ended: Collection[str],
        options: RecoveryOptions,
        library: BackupLibrary,
    ) -> _Result:
        record = image.record
        if there is not None:
            if not there.is_visible:
                return _Result(outcome=RecoveryOutcome.ENDED)  # it is being deleted
            if (there.original_key, there.sha256) != (record.original_key, record.sha256):
                return _Result(outcome=RecoveryOutcome.ALREADY_THERE, record=there)
            size_bytes = self._store_original(there, library, options)
            outcome = RecoveryOutcome.ORIGINALS if size_bytes else RecoveryOutcome.ALREADY_THERE
            return _Result(outcome=outcome, record=there, is_stored=True, size_bytes=size_bytes)
        has_expired = record.expires_at is not None and record.expires_at <= self.clock.now()
        if not options.ended and (record.id in ended or has_expired):
            return _Result(outcome=RecoveryOutcome.ENDED)
        size_bytes = self._store_original(record, library, options)
        if options.dry_run:
            return _Result(outcome=RecoveryOutcome.IMAGES, size_bytes=size_bytes)
        try:
            written = self.repository.recover(self._as_wanted(image, options))
        except Conflict:  # another writer was first
            return _Result(
                outcome=RecoveryOutcome.ALREADY_THERE, record=record, is_stored=True, size_bytes=size_bytes
            )
        return _Result(
            outcome=RecoveryOutcome.IMAGES, record=written.record, is_stored=True, size_bytes=size_bytes
        )

    def _as_wanted(self, image: Image, options: RecoveryOptions) -> Image:
        """The image of a backup as it comes back: without what must not begin again by itself."""
        now, record, details = self.clock.now(), image.record, image.details
        changes: dict[str, object] = {}
        if record.expires_at is not None and record.expires_at <= now:
            changes["expires_at"] = None
        if not options.publish and record.visibility is not Visibility.PRIVATE:
            changes |= {"visibility": Visibility.PRIVATE, "publication": None}
        if options.without_sealed and details.sealed is not None:
            details = replace(details, sealed=None)
            changes["updated_at"] = now
        if changes:  # clients must not take it for the version that they know
            record = record.next_version(self.ids.token(), **changes)
        due_at = now + self.trash_retention if record.state is State.TRASHED else record.expires_at
        return Image(replace(record, intent=None, due_at=due_at), details)

    def _store_original(self, record: ImageRecord, library: BackupLibrary, options: RecoveryOptions) -> int:
        """Store the original of an image if it is lost, and return how many bytes that were; 0 if it is there.

        Raises ChecksumMismatch if other bytes have its key, and BackupDamaged if the backup has no correct copy.
        """
        if self._is_stored(record):
            return 0
        key = library.object_key(record.original_key)
        if options.dry_run:
            copy = library.store.head(key)
            if copy is None or copy.size_bytes != record.size_bytes:
                raise _no_copy()
            return record.size_bytes
        try:
            data = library.store.get(key, max_bytes=record.size_bytes)
        except (ObjectMissing, PayloadTooLarge):
            raise _no_copy() from None
        if hashlib.sha256(data).hexdigest() != record.sha256:
            raise _no_copy()
        try:
            self.private.put(
                record.original_key,
                data,
                content_type=record.media_type,
                cache_control=PRIVATE_CACHE_CONTROL,
                metadata=facts_of(record),
            )
        except Conflict as conflict:
            raise _other_bytes() from conflict
        return record.size_bytes

    def _is_stored(self, record: ImageRecord) -> bool:
        stored = self.private.head(record.original_key)
        if stored is None:
            return False
        if stored.size_bytes != record.size_bytes:
            raise _other_bytes()
        sha256 = stored.sha256
        if sha256 is None:  # it was copied back without its metadata
            try:
                data = self.private.get(record.original_key, max_bytes=record.size_bytes)
            except ObjectMissing:
                return False
            sha256 = hashlib.sha256(data).hexdigest()
        if sha256 != record.sha256:
            raise _other_bytes()
        return True

    def _queue_repairs(self, results: Sequence[_Result]) -> int:
        """Queue images for repair that lack renditions or public copies; returns how many."""
        records = [result.record for result in results if result.record is not None]
        stored = {
            result.record.original_key for result in results if result.record is not None and result.is_stored
        }
        missing_objects = self.check.missing(records, stored_originals=stored)
        damaged = [
            record.id
            for record, missing in zip(records, missing_objects, strict=True)
            if not missing.original and (missing.renditions or missing.copies)
        ]
        if self.work.send_all([RepairImage(image_id) for image_id in damaged]):
            raise StorageUnavailable("The queue did not accept all repairs.")
        return len(damaged)


def _no_copy() -> BackupDamaged:
    return BackupDamaged("The backup has no correct copy of the original.")


def _other_bytes() -> ChecksumMismatch:
    return ChecksumMismatch("The private bucket has other bytes under the key of the original.")
