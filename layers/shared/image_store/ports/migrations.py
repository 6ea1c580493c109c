"""Moving images that live in records of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from image_store.domain.migration import Counted, Migration, SourceRecord, Step


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
