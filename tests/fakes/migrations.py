"""What is remembered of migrations, in memory."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from image_store.domain.errors import Conflict, SourceUnreadable
from image_store.domain.upkeep.migration import (
    FieldNames,
    MigratedPage,
    MigratedRecord,
    Migration,
    MigrationTotals,
    OneRecord,
    Table,
    source_name,
)
from image_store.ports.upkeep import Migrations, MigrationSource


def no_table(table: Table, _: FieldNames) -> MigrationSource:
    """A source for migrations where there is no table to read."""
    raise SourceUnreadable(f"There is no table {table.name}.")


class MemoryMigrations(Migrations):
    """Migrations in memory; `saved` is every state that was written, in its order."""

    def __init__(self) -> None:
        self.saved: list[Migration] = []
        self._current: dict[str, Migration] = {}
        self._records: dict[str, dict[str, MigratedRecord]] = {}
        self._pictures: dict[str, str] = {}
        self._last_of_source: dict[str, Migration] = {}

    def create(self, migration: Migration) -> None:
        if migration.id in self._current:
            raise Conflict("Another worker has continued this migration.")
        self._keep(migration)

    def get(self, migration_id: str) -> Migration | None:
        return self._current.get(migration_id)

    def save(self, after: Migration, *, step: int) -> None:
        if (current := self._current.get(after.id)) is None or current.step != step:
            raise Conflict("Another worker has continued this migration.")
        self._keep(after)

    def _keep(self, migration: Migration) -> None:
        self._current[migration.id] = migration
        self.saved.append(migration)
        if not isinstance(migration.source, OneRecord):
            self._last_of_source[source_name(migration.source)] = migration

    def keep_records(
        self, migration_id: str, records: Sequence[MigratedRecord], *, expires_at: datetime
    ) -> None:
        for record in records:
            self._records.setdefault(migration_id, {})[record.record_id] = record
            self._pictures[record.picture] = record.image_id

    def image_of_record(self, migration_id: str, record_id: str) -> str | None:
        record = self._records.get(migration_id, {}).get(record_id)
        return record.image_id if record is not None else None

    def image_of_picture(self, picture: str) -> str | None:
        return self._pictures.get(picture)

    def records(self, migration_id: str, *, after: str | None, limit: int) -> MigratedPage:
        records_of_migration = self._records.get(migration_id, {})
        places = sorted(hashlib.sha256(record_id.encode()).hexdigest() for record_id in records_of_migration)
        by_place = {
            hashlib.sha256(name.encode()).hexdigest(): record for name, record in records_of_migration.items()
        }
        left = [place for place in places if place > (after or "")]
        page = left[:limit]
        return MigratedPage(
            records=tuple(by_place[place] for place in page), after=page[-1] if len(left) >= limit else None
        )

    def totals(self) -> MigrationTotals:
        return sum(
            (
                MigrationTotals(
                    moved=last.tally.moved + last.tally.already_moved,
                    left=last.left or 0,
                    failed=last.tally.failed,
                )
                for last in self._last_of_source.values()
            ),
            MigrationTotals(),
        )
