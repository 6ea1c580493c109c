"""Records whose objects are gone: a sweep of the table, in slices.

A record without its original cannot be mended and goes. Renditions and public copies can be made again: such images
are handed over to the function `work`, which repairs them one by one.
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

_PAGE_RECORDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSlice:
    """What a sweep found among some records."""

    dangling: list[ImageRecord] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    """The ids of images that lack renditions or public copies and have their original."""
    ahead: list[str] = field(default_factory=list)
    """The ids of images that wait for a time that only a clock that ran ahead can have set."""
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSweep:
    """Looks whether each image has its objects."""

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
        taken: Collection[str],
        *,
        after: str,
        at_most: int,
        dangling_at_most: int,
        until: datetime,
    ) -> RecordSlice:
        """Look on from a record, at about `at_most` of them; those in `taken` are gone already."""
        oldest = self.clock.now() - self.grace
        found = RecordSlice()
        looked = 0
        position: str | None = after
        while position is not None:
            images, position = self.rows.scan(after=position or None, limit=_PAGE_RECORDS)
            report.leave(*images.unreadable)
            now = self.clock.now()
            found.ahead.extend(record.id for record in images if is_due_too_far_ahead(record, now))
            shown = [
                record
                for record in images
                if record.is_visible and record.updated_at <= oldest and record.id not in taken
            ]
            self._sort(shown, found, report)
            looked += len(images)
            report.examined += len(shown)
            if looked >= at_most or len(found.dangling) > dangling_at_most or self.clock.now() >= until:
                break
        return replace(found, after=position)

    def remove(self, dangling: Sequence[ImageRecord], report: CleanupReport) -> None:
        """Delete records whose original is surely gone: it is looked for once more."""
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
        """Hand images over to be repaired; what the queue does not take, the next pass finds again."""
        left = self.work.send_all([RepairImage(image_id) for image_id in damaged])
        report.repairs += len(damaged) - len(left)
        report.failed += len(left)

    def _sort(self, images: Sequence[ImageRecord], found: RecordSlice, report: CleanupReport) -> None:
        """Add to a slice the images that lack something."""
        for record, missing in zip(images, self.check.missing(images), strict=True):
            if missing.original:
                found.dangling.append(record)
                continue
            report.renditions_missing += len(missing.renditions)
            report.copies_missing += len(missing.copies)
            if missing:
                found.damaged.append(record.id)
