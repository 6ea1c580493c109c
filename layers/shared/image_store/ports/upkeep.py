"""What cleanup, migrations and repairs remember."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from image_store.domain.images.image import RecordPage
    from image_store.domain.upkeep.cleanup import CleanupReport, Lease, PassPosition
    from image_store.domain.upkeep.migration import (
        CountedRecords,
        MigratedPage,
        MigratedRecord,
        Migration,
        MigrationTotals,
        SourceRecord,
        SourceStep,
    )
    from image_store.domain.upkeep.repair import RepairJob


class Housekeeping(Protocol):
    """What cleanup remembers between its runs. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def take_lease(
        self, *, holder: str, at: datetime, until: datetime, take_over: bool = False
    ) -> Lease | None:
        """Take the right to run, with `take_over` from a run that holds it; None while another run holds it."""
        ...

    def end_lease(self, lease: Lease) -> None:
        """Give it back; nothing happens when it was lost."""
        ...

    def position(self, sweep: str) -> PassPosition | None:
        """How far a sweep has come; None before its first pass."""
        ...

    def move(self, sweep: str, position: PassPosition, lease: Lease) -> None:
        """Remember how far a sweep has come; Conflict when the lease was lost."""
        ...

    def keep_report(self, report: CleanupReport, lease: Lease) -> None:
        """Keep a report for 90 days; Conflict when the lease was lost."""
        ...

    def reports(self, *, limit: int) -> Sequence[CleanupReport]:
        """The last reports, the newest first."""
        ...


class CleanupRows(Protocol):
    """Where cleanup looks for what is to be done."""

    def due(self, before: datetime) -> Iterator[str]:
        """The ids of images, or `publication:`-prefixed publications, that cleanup has to look at.

        Read lazily, in pages. Eventually consistent: the caller reads each again before it acts.
        """
        ...

    def owners_due(self, before: datetime) -> Iterator[str]:
        """The owners whose images policies have to look at; in pages, and eventually consistent, as `due`."""
        ...

    def owner_done(self, owner: str, *, next_at: datetime) -> None:
        """Let an owner's turn come again at `next_at`. Safe to repeat."""
        ...

    def scan(self, *, after: str | None, limit: int) -> tuple[RecordPage, str | None]:
        """Records of all owners in no order, page by page, and where to go on; for maintenance alone.

        Reads the whole table once it is repeated to its end. A page may be short or empty.
        """
        ...


class FeedUpkeep(Protocol):
    """Rows of the feed that do not follow from their records. Raises StorageUnavailable as the others do."""

    def upgrade(self, *, until: datetime, now: Callable[[], datetime]) -> int:
        """Replace the rows of the feed that earlier builds wrote, until it is done or a time has come.

        Returns how many images it has moved. Safe to repeat and to run twice; when nothing is left it reads two rows.
        """
        ...


class Migrations(Protocol):
    """How far migrations have come. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def create(self, migration: Migration) -> None:
        """Remember a new migration."""
        ...

    def get(self, migration_id: str) -> Migration | None:
        """Read a migration, strongly consistent."""
        ...

    def save(self, after: Migration, *, step: int) -> None:
        """Replace a migration that is still at this step; Conflict when it is not, and nothing was written.

        If the response is lost, a strongly consistent read decides.
        """
        ...

    def keep_records(
        self, migration_id: str, records: Sequence[MigratedRecord], *, expires_at: datetime
    ) -> None:
        """Remember which images the records of a migration became; at most 50 at once. Safe to repeat."""
        ...

    def image_of_record(self, migration_id: str, record_id: str) -> str | None:
        """The id of the image that a record of a migration became; None when none was remembered."""
        ...

    def image_of_picture(self, picture: str) -> str | None:
        """The id of the image that a record of any source became, by its `picture_name`; None when there is none."""
        ...

    def records(self, migration_id: str, *, after: str | None, limit: int) -> MigratedPage:
        """The records of a migration with their images, in no order that means anything, page by page."""
        ...

    def totals(self) -> MigrationTotals:
        """What all sources have come to: of each the last migration counts. At most 1,000 sources are added up."""
        ...


class MigrationSource(Protocol):
    """The records of a migration, in an order that does not change.

    All methods raise SourceUnreadable when trying again is of no use, StorageUnavailable otherwise.
    """

    def count(self, after: str | None) -> Iterator[CountedRecords]:
        """Count the records behind a position, a part at a time; None is the beginning."""
        ...

    def steps(self, after: str | None) -> Iterator[SourceStep]:
        """Go through the records behind a position of `steps`, one at a time; each is read when it is asked for."""
        ...

    def find(self, record_id: str) -> SourceRecord | None:
        """Read one record by its id; InvalidRequest where that would mean to read all of them."""
        ...

    def write_back(self, position: str, image: bytes | str, image_id: str) -> bool:
        """Write the id of its image into the record at the position of its step; False if its picture has changed.

        Safe to repeat. A source that cannot be written to does nothing.
        """
        ...


class Repairs(Protocol):
    """How far repairs have come. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def create(self, job: RepairJob) -> None:
        """Remember a new repair for 90 days."""
        ...

    def get(self, repair_id: str) -> RepairJob | None:
        """Read a repair, strongly consistent."""
        ...

    def save(self, after: RepairJob, *, step: int) -> None:
        """Replace a repair that is still at this step; Conflict when it is not, and then nothing was written.

        If the response is lost, a strongly consistent read decides.
        """
        ...
