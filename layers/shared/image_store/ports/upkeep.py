"""What cleanup, migrations and repairs store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime, timedelta

    from image_store.domain.images.image import RecordPage
    from image_store.domain.upkeep.cleanup import CleanupReport, Lease, PassPosition
    from image_store.domain.upkeep.importing import (
        FetchedFile,
        Import,
        ImportOptions,
        ImportRecord,
        ImportRecordPage,
        ItemPage,
        SourceItem,
    )
    from image_store.domain.upkeep.migration import (
        CountedRecords,
        MigratedPage,
        MigratedRecord,
        Migration,
        MigrationTotals,
        SourceRecord,
        SourceStep,
    )
    from image_store.domain.upkeep.recovery import RecoveryJob
    from image_store.domain.upkeep.repair import RepairJob


class Housekeeping(Protocol):
    """The state of cleanup between its runs. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def take_lease(
        self, *, holder: str, at: datetime, until: datetime, take_over: bool = False
    ) -> Lease | None:
        """Take the right to run; None while another run holds it. With `take_over`, take it from that run."""
        ...

    def end_lease(self, lease: Lease) -> None:
        """Give a lease back; nothing happens if it was lost."""
        ...

    def is_running(self, at: datetime) -> bool:
        """Whether a run has the lease at this time, strongly consistent."""
        ...

    def hold(self, *, holder: str, at: datetime, until: datetime, take_over: bool = False) -> bool:
        """Forbid every run of cleanup until `until`, or prolong that; False while another holder does.

        With `take_over` the hold is taken from another holder. A run that has begun does not notice: see `is_running`.
        """
        ...

    def end_hold(self, holder: str) -> None:
        """Allow cleanup again; nothing happens if another holder has the hold."""
        ...

    def holder(self, at: datetime) -> str | None:
        """Who forbids cleanup at this time, strongly consistent; None if it may run."""
        ...

    def position(self, sweep: str) -> PassPosition | None:
        """The position of a sweep; None before its first pass."""
        ...

    def move(self, sweep: str, position: PassPosition, lease: Lease) -> None:
        """Store the position of a sweep; Conflict if the lease was lost."""
        ...

    def keep_report(self, report: CleanupReport, lease: Lease) -> None:
        """Store a report for 90 days; Conflict if the lease was lost."""
        ...

    def reports(self, *, limit: int) -> Sequence[CleanupReport]:
        """The last reports, the newest first."""
        ...


class CleanupRows(Protocol):
    """The rows that cleanup has to look at."""

    def due(self, before: datetime) -> Iterator[str]:
        """The ids of images that are due, and publications with the prefix `publication:`.

        Read lazily, in pages. Eventually consistent, so the caller reads each again before it acts.
        """
        ...

    def owners_due(self, before: datetime) -> Iterator[str]:
        """The owners that are due for policies; lazily and eventually consistent, like `due`."""
        ...

    def owner_done(self, owner: str, *, next_at: datetime) -> None:
        """Set the next turn of an owner. Safe to repeat."""
        ...

    def scan(self, *, after: str | None, limit: int) -> tuple[RecordPage, str | None]:
        """One page of the records of all owners, in no order, and where to continue; only for maintenance.

        Repeated to the end, it reads the whole table. A page may be short or empty.
        """
        ...


class FeedUpkeep(Protocol):
    """Rows of the feed that do not match their records. Raises StorageUnavailable when DynamoDB does not answer."""

    def upgrade(self, *, until: datetime, now: Callable[[], datetime]) -> int:
        """Replace the feed rows that earlier builds wrote, until none is left or until `until`.

        Returns the number of images. Safe to repeat and to run twice at once; if nothing is left, it reads two rows.
        """
        ...


class Migrations(Protocol):
    """Migrations and their records. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def create(self, migration: Migration) -> None:
        """Store a new migration."""
        ...

    def get(self, migration_id: str) -> Migration | None:
        """Read a migration, strongly consistent."""
        ...

    def save(self, after: Migration, *, step: int) -> None:
        """Replace a migration that is still at this step; otherwise Conflict, and nothing is written.

        If the response is lost, a strongly consistent read decides.
        """
        ...

    def keep_records(
        self, migration_id: str, records: Sequence[MigratedRecord], *, expires_at: datetime
    ) -> None:
        """Store the images of moved records, at most 50 at once. Safe to repeat."""
        ...

    def image_of_record(self, migration_id: str, record_id: str) -> str | None:
        """The id of the image of a migrated record; None if it is not stored."""
        ...

    def image_of_picture(self, picture: str) -> str | None:
        """The id of the image of a record in any source, by its `picture_name`; None if it is not stored."""
        ...

    def records(self, migration_id: str, *, after: str | None, limit: int) -> MigratedPage:
        """One page of the moved records of a migration with their images, in an arbitrary order."""
        ...

    def totals(self) -> MigrationTotals:
        """The totals of all sources; of each source the last migration counts. Adds up at most 1,000 sources."""
        ...


class MigrationSource(Protocol):
    """The records of a migration, in an order that does not change.

    All methods raise SourceUnreadable if a retry cannot help, and StorageUnavailable if it may.
    """

    def count(self, after: str | None) -> Iterator[CountedRecords]:
        """Count the records after a position, part by part; None is the beginning."""
        ...

    def steps(self, after: str | None) -> Iterator[SourceStep]:
        """Go through the records after a position of an earlier step, one at a time and lazily."""
        ...

    def find(self, record_id: str) -> SourceRecord | None:
        """Read one record by its id; InvalidRequest if that would need to read all records."""
        ...

    def write_back(self, position: str, image: bytes | str, image_id: str) -> bool:
        """Write the id of the image into the record at a position; False if its picture has changed.

        Safe to repeat. A source that cannot be written does nothing.
        """
        ...


class Repairs(Protocol):
    """Repairs. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def create(self, job: RepairJob) -> None:
        """Store a new repair for 90 days."""
        ...

    def get(self, repair_id: str) -> RepairJob | None:
        """Read a repair, strongly consistent."""
        ...

    def save(self, after: RepairJob, *, step: int) -> None:
        """Replace a repair that is still at this step; otherwise Conflict, and nothing is written.

        If the response is lost, a strongly consistent read decides.
        """
        ...


class Recoveries(Protocol):
    """Restores and rebuilds. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def create(self, recovery: RecoveryJob) -> None:
        """Store a new recovery for 90 days."""
        ...

    def get(self, recovery_id: str) -> RecoveryJob | None:
        """Read a recovery, strongly consistent."""
        ...

    def save(self, after: RecoveryJob, *, step: int) -> None:
        """Replace a recovery that is still at this step; otherwise Conflict, and nothing is written.

        If the response is lost, a strongly consistent read decides.
        """
        ...


class Imports(Protocol):
    """Imports and their records. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def create(self, job: Import) -> None:
        """Store a new import."""
        ...

    def get(self, import_id: str) -> Import | None:
        """Read an import, strongly consistent."""
        ...

    def save(self, after: Import, *, step: int) -> None:
        """Replace an import that is still at this step; otherwise Conflict, and nothing is written.

        If the response is lost, a strongly consistent read decides.
        """
        ...

    def keep_records(self, import_id: str, records: Sequence[ImportRecord], *, expires_at: datetime) -> None:
        """Store what became of images, at most 50 at once. Safe to repeat."""
        ...

    def records(self, import_id: str, *, after: str | None, limit: int) -> ImportRecordPage:
        """One page of the records of an import, in an arbitrary order."""
        ...


class SourceBusy(Exception):
    """A source did not answer, or wants to be left alone; a later try may succeed."""

    def __init__(self, wait: timedelta | None = None, *, limits_rate: bool = False) -> None:
        super().__init__("The source is busy.")
        self.wait = wait
        """How long the source wants to be left alone; None if it does not say."""
        self.limits_rate = limits_rate
        """Whether it was called too often, so that nothing is wrong with what was requested."""


class ImportSource(Protocol):
    """Another store whose images move here. The list has an order in which new images do not move old ones.

    Both methods raise SourceBusy if a later try may succeed, SourceUnreadable if it cannot, and PayloadTooLarge.
    """

    @property
    def identity(self) -> tuple[str, ...]:
        """What the ids of its images are unique in: the kind of source and the account or bucket."""
        ...

    @property
    def calls_a_second(self) -> float | None:
        """How many calls a second it takes in the long run; None if only its responses tell."""
        ...

    def page(self, cursor: str | None, *, limit: int, until: datetime) -> ItemPage:
        """A page of about `limit` images; None begins the list."""
        ...

    def fetch(self, item: SourceItem, *, max_bytes: int, until: datetime) -> FetchedFile:
        """The original bytes of an image of a page."""
        ...


class ImportSources(Protocol):
    """The sources that the operator of the deployment has named."""

    def open(self, options: ImportOptions) -> ImportSource:
        """The source of an import; nothing of it is read yet.

        Raises SourceUnreadable if there is no such source, or its description is wrong, and StorageUnavailable.
        """
        ...
