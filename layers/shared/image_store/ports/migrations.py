"""Moving images that live in records of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from image_store.domain.migration import (
        Counted,
        MigratedPage,
        MigratedRecord,
        Migration,
        MigrationTotals,
        SourceRecord,
        Step,
    )


class MigrationSource(Protocol):
    """The records of a migration, in an order that does not change.

    All methods raise SourceUnreadable when trying again is of no use, StorageUnavailable otherwise.
    """

    def count(self, after: str | None) -> Iterator[Counted]:
        """Count the records behind a position, a part at a time; None is the beginning."""
        ...

    def steps(self, after: str | None) -> Iterator[Step]:
        """Go through the records behind a position of `steps`, one at a time; each is read when it is asked for."""
        ...

    def find(self, record_id: str) -> SourceRecord | None:
        """Read one record by its id; InvalidRequest where that would mean to read all of them."""
        ...

    def write_back(self, position: str, image: bytes | str, image_id: str) -> bool:
        """Tell the record at the position of its step which image it became; False if its picture is another by now.

        Safe to repeat. A source that cannot be written to does nothing.
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

        An answer that is lost is settled by a strong read.
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
