"""Sweeps the table, in slices, for records whose objects are missing.

A record without its original cannot be repaired and is removed. Renditions and public copies can be restored: such
images are sent to the function `work`, which repairs them one by one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from image_store.domain.deadlines import is_due_too_far_ahead
from image_store.domain.errors import Conflict, ImageNotFound, StorageUnavailable, UnreadableRow
from image_store.domain.images.image import ImageRecord
from image_store.domain.upkeep.cleanup import CleanupReport
from image_store.domain.work import RepairImage
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectStore
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock
from image_store.ports.upkeep import CleanupRows
from image_store.services.images.deletion import Deletion
from image_store.services.upkeep.repair.storage_check import StorageCheck

_PAGE_ROWS = 1_000
"""Of these about one in forty is a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSlice:
    """The results of a sweep over some records."""

    dangling: list[ImageRecord] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    """The ids of images with missing renditions or public copies, whose original exists."""
    ahead: list[str] = field(default_factory=list)
    """The ids of images that wait for a time that only a wrong clock can have set."""
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSweep:
    """Checks whether each image has its objects."""

    repository: ImageRepository
    rows: CleanupRows
    private: ObjectStore
    check: StorageCheck
    work: WorkQueue
    deletion: Deletion
    grace: timedelta
    clock: Clock

    def look(
        self,
        report: CleanupReport,
        removed_ids: Collection[str],
        *,
        after: str,
        at_most: int,
        dangling_at_most: int,
        until: datetime,
    ) -> RecordSlice:
        """Examine about `at_most` records after a position; images in `removed_ids` count as removed."""
        oldest = self.clock.now() - self.grace
        record_slice = RecordSlice()
        looked = 0
        position: str | None = after
        while position is not None:
            images, position = self.rows.scan(after=position or None, limit=_PAGE_ROWS)
            report.leave(*images.unreadable)
            now = self.clock.now()
            record_slice.ahead.extend(record.id for record in images if is_due_too_far_ahead(record, now))
            visible = [
                record
                for record in images
                if record.is_visible and record.updated_at <= oldest and record.id not in removed_ids
            ]
            self._sort(visible, record_slice, report)
            looked += len(images)
            report.examined += len(visible)
            if (
                looked >= at_most
                or len(record_slice.dangling) > dangling_at_most
                or self.clock.now() >= until
            ):
                break
        return replace(record_slice, after=position)

    def remove(self, dangling: Sequence[ImageRecord], report: CleanupReport) -> None:
        """Delete records whose original is missing, after one more check."""
        for record in dangling:
            try:
                image = self.repository.get(record.id)
            except UnreadableRow:
                report.leave(record.id)
                continue
            if image is None or not image.record.is_visible:
                continue
            if self.private.head(image.record.original_key) is not None:
                continue
            try:
                self.deletion.finish(self.deletion.start(image))
            except (Conflict, ImageNotFound):
                continue  # its owner changed it meanwhile; the next pass looks again
            except StorageUnavailable:
                report.failed += 1
                continue
            report.dangling += 1

    def repair(self, damaged: Sequence[str], report: CleanupReport) -> None:
        """Queue images for repair; if the queue does not accept one, the next pass finds it again."""
        left = self.work.send_all([RepairImage(image_id) for image_id in damaged])
        report.repairs += len(damaged) - len(left)
        report.failed += len(left)

    def _sort(self, images: Sequence[ImageRecord], record_slice: RecordSlice, report: CleanupReport) -> None:
        """Add the images with missing objects to a slice."""
        for record, missing in zip(images, self.check.missing(images), strict=True):
            if missing.original:
                record_slice.dangling.append(record)
                continue
            report.renditions_missing += len(missing.renditions)
            report.copies_missing += len(missing.copies)
            if missing:
                record_slice.damaged.append(record.id)
