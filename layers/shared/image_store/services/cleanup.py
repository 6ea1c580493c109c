"""Collecting what nobody needs any more.

Only cleanup collects garbage, only past a deadline, and only by the same conditional transitions as everybody
else. It can therefore run at any time, twice at once, and against live uploads: whoever loses changes nothing.

Collected: reservations past their deadline, images past their expiry or their time in the trash, images whose
deletion was not finished, tombstones past their grace, the copies of publications that are not current, and
objects that were staged and never accepted.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.image import Record, State
from image_store.domain.publication import PublicationRow
from image_store.ports import Clock, Ids, ImageRepository, ObjectStore
from image_store.services.deletion import Deletion
from image_store.services.publishing import Publisher
from image_store.services.write_protocol import abandoned

STAGING_PREFIX = "staging/"
STAGING_LIFETIME = timedelta(days=1)
_SLICE_ROWS = 100
_BATCH_OBJECTS = 500


@dataclass(slots=True)
class Report:
    """What a run did, by what it collected; `stopped_because` is None when nothing due was left."""

    collected: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    stopped_because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleanup:
    """Looks at every row that is due and takes it one step further."""

    repository: ImageRepository
    private: ObjectStore
    publisher: Publisher
    deletion: Deletion
    clock: Clock
    ids: Ids

    def run(self, *, until: datetime) -> Report:
        """Collect what is due; stops between two rows once `until` has come. Safe to repeat and to run twice."""
        report = Report()
        seen: set[str] = set()
        while True:
            fresh = [
                row for row in self.repository.due(self.clock.now(), limit=_SLICE_ROWS) if row not in seen
            ]
            if not fresh:
                break
            withdrawn: list[PublicationRow] = []
            for row in fresh:
                if self.clock.now() >= until:
                    report.stopped_because = "deadline"
                    return report
                seen.add(row)
                self._collect(row, report, withdrawn)
            self._remove(withdrawn, report)
        self._sweep_staging(report)
        return report

    def _collect(self, row: str, report: Report, withdrawn: list[PublicationRow]) -> None:
        what: str | None = None
        try:
            if row.startswith("publication:"):
                withdrawn += self._withdrawn(row.removeprefix("publication:"))
            else:
                what = self._image(row)
        except Conflict:
            return  # another writer was first; the row is theirs
        except StorageUnavailable:
            report.failed += 1
            return
        if what is not None:
            report.collected[what] += 1

    def _image(self, image_id: str) -> str | None:
        record = self.repository.get(image_id)
        now = self.clock.now()
        if record is None or record.image.due_at is None or record.image.due_at > now:
            return None  # the index was behind
        match record.image.state:
            case State.PENDING:
                doomed = abandoned(record, change=self.ids.attempt(), at=now)
                self.repository.replace(record, doomed)
                self._finish(doomed)
                return "abandoned"
            case State.READY:
                self._finish(self.deletion.start(record))
                return "expired"
            case State.TRASHED:
                self._finish(self.deletion.start(record))
                return "trash"
            case State.DELETING:
                self._finish(record)
                return "deleted"
            case State.TOMBSTONE:
                self._bury(record)
                return "tombstones"

    def _finish(self, record: Record) -> None:
        if not self.deletion.finish(record):
            raise StorageUnavailable("The objects of a deleted image could not all be removed.")

    def _bury(self, record: Record) -> None:
        """Remove whatever arrived late below the image's folder, then the record."""
        late = [stored.key for stored in self.private.list(record.image.prefix)]
        if late:
            self.private.delete(late)
        self.repository.forget(record)

    def _withdrawn(self, publication: str) -> Sequence[PublicationRow]:
        """The row of a publication that is due, once nobody can make it current any more."""
        row = self.repository.publication(publication)
        if row is None or row.due_at is None or row.due_at > self.clock.now():
            return ()  # the index was behind
        record = self.repository.get(row.image_id)
        image = record.image if record else None
        if image is not None and record is not None:
            if image.publication == publication and image.state is State.READY:
                return ()  # whatever a row says: what is shown stays
            if image.intent == publication and image.state is State.READY:
                # The publisher died: without its intent its commit can no longer succeed.
                free = replace(image, version=image.version + 1, change=self.ids.attempt(), intent=None)
                self.repository.replace(record, replace(record, image=free))
            elif image.intent == publication and image.state is State.PENDING:
                return ()  # the reservation is due as well; its row goes first
        return (row,)

    def _remove(self, withdrawn: Sequence[PublicationRow], report: Report) -> None:
        """Remove the copies of many publications at once: a CDN counts the calls."""
        removed = self.publisher.remove(withdrawn)
        report.collected.update({"publications": removed} if removed else {})
        report.failed += len(withdrawn) - removed

    def _sweep_staging(self, report: Report) -> None:
        oldest = self.clock.now() - STAGING_LIFETIME
        batch: list[str] = []
        try:
            for stored in self.private.list(STAGING_PREFIX):
                if stored.modified_at < oldest:
                    batch.append(stored.key)
                if len(batch) == _BATCH_OBJECTS:
                    self._delete_staged(batch, report)
                    batch = []
            self._delete_staged(batch, report)
        except StorageUnavailable:
            report.failed += 1

    def _delete_staged(self, batch: list[str], report: Report) -> None:
        if batch:
            self.private.delete(batch)
            report.collected["staged"] += len(batch)
