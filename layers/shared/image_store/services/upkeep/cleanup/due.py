"""Processes each row that is due by one step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched

from image_store.domain.deadlines import has_passed, is_due
from image_store.domain.delivery.publication import NO_IMAGE, PublicationRow
from image_store.domain.errors import Conflict, StorageUnavailable, UnreadableRow
from image_store.domain.images.image import Image, State
from image_store.domain.images.reservation import LONGEST_RESERVATION
from image_store.domain.upkeep.cleanup import CleanupReport
from image_store.ports.delivery import PublicationRows
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectStore
from image_store.ports.system import Clock, Ids
from image_store.ports.upkeep import CleanupRows
from image_store.services.delivery.publishing import Publisher
from image_store.services.images.deletion import Deletion
from image_store.services.images.write_protocol import abandon

_SLICE_ROWS = 100
_PUBLICATION = "publication:"
_COUNTED_AS = {
    State.PENDING: "abandoned",
    State.READY: "expired",
    State.TRASHED: "trash",
    State.DELETING: "deleted",
    State.TOMBSTONE: "tombstones",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRows:
    """Processes the rows of the due index, each after a strongly consistent read."""

    repository: ImageRepository
    rows: CleanupRows
    publications: PublicationRows
    private: ObjectStore
    publisher: Publisher
    deletion: Deletion
    clock: Clock
    ids: Ids

    def collect(self, report: CleanupReport, removed_ids: set[str], *, until: datetime) -> bool:
        """Process every due row; False if `until` came first. Adds the images that it changed to `removed_ids`."""
        seen: set[str] = set()
        while True:
            seen_before = len(seen)
            # An image comes before the publications that it owns.
            for is_kind in (_is_image, _is_publication):
                rows = (row for row in self.rows.due(self.clock.now()) if is_kind(row) and row not in seen)
                for batch in batched(rows, _SLICE_ROWS, strict=False):
                    rows_to_remove: list[PublicationRow] = []
                    for row in batch:
                        if self.clock.now() >= until:
                            return False
                        seen.add(row)
                        self._collect(row, report, removed_ids, rows_to_remove)
                    self._remove(rows_to_remove, report)
            if len(seen) == seen_before:
                return True  # processing rows made no more rows due

    def take(self, image_ids: Sequence[str], report: CleanupReport, removed_ids: set[str]) -> None:
        """Process images that a sweep found waiting for an impossible time."""
        for image_id in image_ids:
            self._collect(image_id, report, removed_ids, [])

    def _collect(
        self, row: str, report: CleanupReport, removed_ids: set[str], rows_to_remove: list[PublicationRow]
    ) -> None:
        try:
            if _is_publication(row):
                rows_to_remove += self._removable_rows(row.removeprefix(_PUBLICATION), report, removed_ids)
            else:
                self._image(row, report, removed_ids)
        except Conflict:
            return  # another writer was first
        except UnreadableRow:
            report.leave(row)
        except StorageUnavailable:
            report.failed += 1

    def _image(self, image_id: str, report: CleanupReport, removed_ids: set[str]) -> None:
        image = self.repository.get(image_id)
        if image is None or not is_due(image.record, self.clock.now()):
            return  # the index was out of date
        state = image.record.state
        if not report.dry_run:
            self._take_further(image)
        elif state is State.READY and image.record.publication is not None:
            report.publications += 1  # the row of the publication would be due at once
        removed_ids.add(image_id)
        counted_as = _COUNTED_AS[state]
        setattr(report, counted_as, getattr(report, counted_as) + 1)
        if state is not State.TOMBSTONE:
            report.bytes_freed += image.record.stored_bytes

    def _take_further(self, image: Image) -> None:
        match image.record.state:
            case State.PENDING:
                doomed = abandon(image, change=self.ids.token(), at=self.clock.now())
                self.repository.replace(image, doomed)
                self._finish(doomed)
            case State.READY | State.TRASHED:
                self._finish(self.deletion.start(image))
            case State.DELETING:
                self._finish(image)
            case State.TOMBSTONE:
                self._bury(image)

    def _finish(self, image: Image) -> None:
        if not self.deletion.finish(image):
            raise StorageUnavailable("The objects of a deleted image could not all be removed.")

    def _bury(self, image: Image) -> None:
        """Remove objects that arrived late below the image's folder, then the record."""
        record = image.record
        folders = [record.prefix, record.transforms_prefix] if record.transformed else [record.prefix]
        late = [stored.key for folder in folders for stored in self.private.list(folder)]
        if late:
            self.private.delete(late)
        self.repository.forget(image)

    def _removable_rows(
        self, publication: str, report: CleanupReport, removed_ids: set[str]
    ) -> Sequence[PublicationRow]:
        """The row of a due publication, if no writer can make it current any more."""
        row = self.publications.publication(publication)
        if row is None or row.due_at is None:
            return ()  # the index was out of date
        if not has_passed(row.due_at, self.clock.now(), longest=LONGEST_RESERVATION):
            return ()
        image = self.repository.get(row.image_id) if row.image_id != NO_IMAGE else None
        record = image.record if image else None
        if record is not None and image is not None:
            if record.publication == publication and record.state is State.READY:
                return ()  # a current publication stays, whatever its row says
            if (
                record.intent == publication
                and record.state is State.PENDING
                and record.id not in removed_ids
            ):
                return ()  # the reservation is still valid, so copies may follow
            if record.intent == publication and record.state is State.READY and not report.dry_run:
                # The publisher stopped: without the intent its commit cannot succeed any more.
                free = record.next_version(self.ids.token(), intent=None)
                self.repository.replace(image, replace(image, record=free))
        return (row,)

    def _remove(self, rows_to_remove: Sequence[PublicationRow], report: CleanupReport) -> None:
        """Remove the copies of many publications at once, because a CDN limits the calls."""
        removed = len(rows_to_remove) if report.dry_run else self.publisher.remove(rows_to_remove)
        report.publications += removed
        report.failed += len(rows_to_remove) - removed


def _is_publication(row: str) -> bool:
    return row.startswith(_PUBLICATION)


def _is_image(row: str) -> bool:
    return not _is_publication(row)
