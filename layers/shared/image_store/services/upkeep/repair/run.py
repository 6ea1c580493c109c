"""Continues a repair of many images step by step, like a migration.

1. A message names the repair and its step. A message of the previous step only sends the next message again, because
   its sender may have failed before. Older messages do nothing.
2. A page of records is read, their objects are checked, and missing objects are restored.
3. One conditional write saves the position and the counts, and raises the step.
4. The next message is sent.

If a worker fails before 3, its message comes again and the step is repeated: restored objects are not missing any more,
so they are not counted again. If it fails between 3 and 4, its message comes again too.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.errors import (
    ConfigurationError,
    Conflict,
    DeadlineExceeded,
    ImageNotFound,
    ImageStoreError,
    StorageUnavailable,
)
from image_store.domain.images.image import ImageRecord
from image_store.domain.upkeep.repair import MissingObjects, RepairError, RepairJob, RepairStatus
from image_store.domain.work import RepairImage, RepairStep
from image_store.ports.images import ImageRepository
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock
from image_store.ports.upkeep import CleanupRows, Repairs
from image_store.services.upkeep.repair.image_repair import ImageRepair
from image_store.services.upkeep.repair.storage_check import StorageCheck

_logger = logging.getLogger(__name__)

ROOM_FOR_ONE = timedelta(seconds=20)
"""The time for the largest image, from reading its original to its last copy."""

_PAGE_RECORDS = 100
_PAGES_A_STEP = 10
_TRY_AGAIN = (StorageUnavailable, DeadlineExceeded, ConfigurationError)
"""Errors that do not depend on the image: the step saves its results, and a later step continues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairRun:
    """Does the steps of repairs."""

    repairs: Repairs
    repository: ImageRepository
    rows: CleanupRows
    check: StorageCheck
    image_repair: ImageRepair
    work: WorkQueue
    clock: Clock

    def carry_on(self, work: RepairStep, *, until: datetime) -> None:
        """Do a step, if the repair is at it, and send the next.

        Safe to repeat. Raises StorageUnavailable if nothing was done; the message then comes again.
        """
        job = self.repairs.get(work.repair_id)
        if job is None or job.status is RepairStatus.SUCCEEDED:
            return
        if work.step == job.step - 1:
            self._send(job)
        if work.step != job.step:
            return
        after = replace(self._step(job, until), step=job.step + 1, updated_at=self.clock.now())
        try:
            self.repairs.save(after, step=job.step)
        except Conflict:
            return  # another worker did this step and continues
        if after.status is RepairStatus.RUNNING:
            self._send(after)

    def repair(self, work: RepairImage, *, until: datetime) -> None:
        """Repair one image that cleanup found. Safe to repeat.

        If the image cannot be repaired, the reason is logged, because a retry would not help. Raises retryable errors.
        """
        try:
            self.image_repair.repair(work.image_id, until=until)
        except _TRY_AGAIN:
            raise
        except ImageStoreError as error:
            _logger.exception(
                "an image cannot be repaired", extra={"image_id": work.image_id, "code": error.code}
            )

    def _send(self, job: RepairJob) -> None:
        self.work.send(RepairStep(job.id, job.step))

    def _step(self, job: RepairJob, until: datetime) -> RepairJob:
        """The repair after some pages of images, or as many images as the time allows."""
        after = replace(job, status=RepairStatus.RUNNING)
        # The results of this step. Images that an earlier step left pending are checked again.
        missing_of: dict[str, MissingObjects] = {}
        try:
            if job.status is RepairStatus.QUEUED and job.pending:
                after = self._named(after, missing_of)
            for _ in range(_PAGES_A_STEP):
                while after.pending:
                    after = self._repaired(after, missing_of, until)
                    if self._is_late(until):
                        return after
                if not after.scans:
                    return replace(after, status=RepairStatus.SUCCEEDED, finished_at=self.clock.now())
                after = self._scanned(after, missing_of)
                if self._is_late(until):
                    return after
        except _TRY_AGAIN:
            if (after.pending, after.after) == (job.pending, job.after):
                raise
        return after

    def _named(self, job: RepairJob, missing_of: dict[str, MissingObjects]) -> RepairJob:
        """The repair after the images in its request were examined."""
        images = self.repository.get_records(job.pending)
        tally = job.tally
        for image_id in job.pending:
            record = images.get(image_id)
            if record is None or not record.is_visible:
                tally = tally.plus_failure(
                    RepairError(
                        image_id, ImageNotFound.code, "There is no such image, or it is being deleted."
                    )
                )
        return self._examined(replace(job, tally=tally), list(images.values()), missing_of)

    def _scanned(self, job: RepairJob, missing_of: dict[str, MissingObjects]) -> RepairJob:
        """The repair after the next page of records was examined."""
        images, position = self.rows.scan(after=job.after, limit=_PAGE_RECORDS)
        return replace(self._examined(job, images, missing_of), after=position, scans=position is not None)

    def _examined(
        self, job: RepairJob, images: Sequence[ImageRecord], missing_of: dict[str, MissingObjects]
    ) -> RepairJob:
        """The repair after these images were examined; images with missing objects are pending.

        Adds the missing objects to `missing_of`.
        """
        visible = [record for record in images if record.is_visible]
        tally = job.tally.plus_examined(len(visible))
        pending: list[str] = []
        for record, missing in zip(visible, self.check.missing(visible), strict=True):
            if missing and (job.dry_run or missing.original):
                tally = tally.plus(missing)
            elif missing:
                pending.append(record.id)
                missing_of[record.id] = missing
        return replace(job, pending=tuple(pending), tally=tally)

    def _repaired(self, job: RepairJob, missing_of: dict[str, MissingObjects], until: datetime) -> RepairJob:
        """The repair after the first pending image."""
        image_id, *rest = job.pending
        tally = job.tally
        try:
            tally = tally.plus(
                self.image_repair.repair(image_id, until=until, missing=missing_of.get(image_id))
            )
        except _TRY_AGAIN:
            raise
        except ImageStoreError as error:
            tally = tally.plus_failure(RepairError(image_id, error.code, error.message))
        return replace(job, pending=tuple(rest), tally=tally)

    def _is_late(self, until: datetime) -> bool:
        return self.clock.now() + ROOM_FOR_ONE > until
