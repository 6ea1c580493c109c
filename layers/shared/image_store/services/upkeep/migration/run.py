"""Continues a migration by one step; the docstring of the package describes the steps and their failures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.errors import RETRYABLE, Conflict, SourceUnreadable
from image_store.domain.upkeep.migration import (
    REMEMBERED,
    RUNNING,
    MigratedRecord,
    Migration,
    MigrationStatus,
    RecordError,
)
from image_store.domain.work import MigrateBatch
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock
from image_store.ports.upkeep import Migrations
from image_store.services.upkeep.migration.moving import Mover
from image_store.services.upkeep.migration.sources import MigrationSources

ROOM_FOR_ONE = timedelta(seconds=20)
"""The time for the largest picture, from reading it to its last put."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationRun:
    """Does the steps of migrations."""

    migrations: Migrations
    sources: MigrationSources
    mover: Mover
    work: WorkQueue
    clock: Clock

    def carry_on(self, work: MigrateBatch, *, until: datetime) -> None:
        """Do a step, if the migration is at it, and send the next.

        Safe to repeat. Raises retryable errors, unless a part of the step is done.
        """
        migration = self.migrations.get(work.migration_id)
        if migration is None or migration.status not in RUNNING:
            return
        if work.step == migration.step - 1:
            self._send(migration)  # the worker of that step may have failed before it sent the next
        if work.step != migration.step:
            return
        if migration.total is None:
            progress = self._counted(migration, until)
        else:
            progress, migrated = self._moved(migration, until)
            if migrated:
                self.migrations.keep_records(migration.id, migrated, expires_at=self.clock.now() + REMEMBERED)
        next_state = replace(progress, step=migration.step + 1, updated_at=self.clock.now())
        try:
            self.migrations.save(next_state, step=migration.step)
        except Conflict:
            return  # another worker did this step and continues
        if next_state.status in RUNNING:
            self._send(next_state)

    def _send(self, migration: Migration) -> None:
        self.work.send(MigrateBatch(migration.id, migration.step))

    def _counted(self, migration: Migration, until: datetime) -> Migration:
        """The migration after counting its source, or as much of it as the time allows."""
        after = replace(migration, status=MigrationStatus.RUNNING)
        try:
            for part in self.sources.of(migration).count(migration.position):
                after = replace(after, counted=after.counted + part.records, position=part.position)
                if self._is_late(until):
                    return after
        except SourceUnreadable as error:
            return self._failed(after, error)
        except RETRYABLE:
            if after.position == migration.position:
                raise
            return after
        return replace(after, total=after.counted, position=None)

    def _moved(self, migration: Migration, until: datetime) -> tuple[Migration, Sequence[MigratedRecord]]:
        """The migration after a batch of its records, or as many as the time allows; and the moved records."""
        after, records, source = migration, 0, self.sources.of(migration)
        stored: set[str] = set()
        migrated: list[MigratedRecord] = []
        try:
            for step in source.steps(migration.position):
                outcome = self.mover.move(after, source, step, stored, until=until)
                after = replace(after, position=step.position, tally=outcome.tally)
                if outcome.migrated is not None:
                    migrated.append(outcome.migrated)
                records += step.record is not None
                if records == migration.options.batch_size or self._is_late(until):
                    return after, migrated
        except SourceUnreadable as error:
            return self._failed(after, error), migrated
        except RETRYABLE:
            if after.position == migration.position:
                raise
            return after, migrated
        return self._ended(replace(after, total=after.tally.seen), MigrationStatus.SUCCEEDED), migrated

    def _failed(self, migration: Migration, error: SourceUnreadable) -> Migration:
        tally = migration.tally.with_error(RecordError.of("source", error.code, error.message))
        return self._ended(replace(migration, tally=tally), MigrationStatus.FAILED)

    def _ended(self, migration: Migration, status: MigrationStatus) -> Migration:
        return replace(migration, status=status, finished_at=self.clock.now())

    def _is_late(self, until: datetime) -> bool:
        return self.clock.now() + ROOM_FOR_ONE > until
