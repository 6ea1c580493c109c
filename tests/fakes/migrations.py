"""What is remembered of migrations, in memory."""

from image_store.domain.errors import Conflict
from image_store.domain.migration import Migration
from image_store.ports.migrations import Migrations


class MemoryMigrations(Migrations):
    """Migrations in memory; `saved` is every state that was written, in its order."""

    def __init__(self) -> None:
        self.saved: list[Migration] = []
        self._current: dict[str, Migration] = {}

    def create(self, migration: Migration) -> None:
        if migration.id in self._current:
            raise Conflict("Another worker has carried this migration on.")
        self._keep(migration)

    def get(self, migration_id: str) -> Migration | None:
        return self._current.get(migration_id)

    def save(self, after: Migration, *, step: int) -> None:
        if (current := self._current.get(after.id)) is None or current.step != step:
            raise Conflict("Another worker has carried this migration on.")
        self._keep(after)

    def _keep(self, migration: Migration) -> None:
        self._current[migration.id] = migration
        self.saved.append(migration)
