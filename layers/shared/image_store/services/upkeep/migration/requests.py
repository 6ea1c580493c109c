"""Requests of admins: begin a migration, read its progress, and get the picture of a record."""

import re
from dataclasses import dataclass
from datetime import datetime

from image_store.domain.errors import (
    ImageNotFound,
    InvalidCursor,
    InvalidRequest,
    MigrationNotFound,
    UnsupportedMediaType,
)
from image_store.domain.ids import is_image_id
from image_store.domain.images.image import ImageRecord, State
from image_store.domain.images.media import MediaType, sniff
from image_store.domain.upkeep.migration import (
    REMEMBERED,
    MigratedPage,
    Migration,
    MigrationStatus,
    OneRecord,
    Options,
    SourceLocation,
    SourceRecord,
    SourceStep,
    Table,
    record_name,
)
from image_store.domain.work import MigrateBatch
from image_store.ports.images import Claims, ImageRepository
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids
from image_store.ports.upkeep import Migrations
from image_store.services.upkeep.migration.moving import Mover, content_of
from image_store.services.upkeep.migration.sources import MigrationSources

_PLACE = re.compile(r"[0-9a-f]{64}")
"""The end of a page of records: the digest of a record's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationRequests:
    """Begins migrations and reports their progress."""

    migrations: Migrations
    repository: ImageRepository
    claims: Claims
    sources: MigrationSources
    mover: Mover
    work: WorkQueue
    table: str
    """The only table that migrations may read; empty if there is none."""
    clock: Clock
    ids: Ids

    def begin(self, source: SourceLocation, options: Options) -> Migration:
        """Begin a migration that continues after the request.

        Two requests begin two migrations, but each record is moved once. InvalidRequest for a table that the deployment
        does not name.
        """
        if isinstance(source, Table) and source.name != self.table:
            raise InvalidRequest(
                "Only the table that the deployment names as MigrationTable can be migrated."
            )
        migration = self._new(source, options)
        self.migrations.create(migration)
        self.work.send(MigrateBatch(migration.id, migration.step))
        return migration

    def move_one(self, image: SourceRecord, *, until: datetime) -> Migration:
        """Move the record in a request at once; safe to repeat.

        A record that cannot be moved counts as failed. Raises retryable errors; then nothing is stored.
        """
        migration = self._new(OneRecord(image.id, image.owner or ""), Options())
        outcome = self.mover.move(migration, None, SourceStep("", image), set(), until=until)
        if outcome.migrated is not None:
            expires_at = self.clock.now() + REMEMBERED
            self.migrations.keep_records(migration.id, [outcome.migrated], expires_at=expires_at)
        now = self.clock.now()
        result = Migration(
            id=migration.id,
            source=migration.source,
            options=migration.options,
            created_at=migration.created_at,
            updated_at=now,
            status=MigrationStatus.SUCCEEDED,
            total=1,
            tally=outcome.tally,
            finished_at=now,
        )
        self.migrations.create(result)
        return result

    def get(self, migration_id: str) -> Migration:
        """The progress of a migration; MigrationNotFound."""
        migration = self.migrations.get(migration_id) if is_image_id(migration_id) else None
        if migration is None:
            raise MigrationNotFound("There is no such migration.")
        return migration

    def image_of(self, migration: Migration, record_id: str) -> ImageRecord | None:
        """The image of a record; None while the record is not moved, ImageNotFound if the image was deleted."""
        image_id = self.migrations.image_of_record(migration.id, record_id)
        if image_id is None:
            # Another migration of the same source may have moved it, or a worker that failed before it stored that.
            name = record_name(migration.source, self.mover.bucket_name, record_id)
            row = self.claims.idempotency(name)
            if row is None or row.is_expired(self.clock.now()):
                return None
            image_id = row.image_id
        record = self.repository.get_record(image_id)
        if record is not None and record.state is State.PENDING:
            return None
        if record is None or record.state is not State.READY:
            raise ImageNotFound("The image of this record has been deleted.")
        return record

    def records(self, migration: Migration, *, after: str | None, limit: int) -> MigratedPage:
        """A page of moved records with their images; InvalidCursor unless `after` is the end of a page."""
        if after is not None and not _PLACE.fullmatch(after):
            raise InvalidCursor("The cursor is not one of this list.")
        return self.migrations.records(migration.id, after=after, limit=limit)

    def picture_of(self, migration: Migration, record_id: str) -> tuple[bytes, MediaType]:
        """The decoded picture of a record that is not moved yet, and its type by its first bytes.

        Raises ImageNotFound, UnsupportedMediaType, InvalidRequest, PayloadTooLarge, SourceUnreadable
        """
        image = None
        if not isinstance(migration.source, OneRecord):
            image = self.sources.of(migration).find(record_id)
        if image is None:
            raise ImageNotFound("There is no such record in the source of this migration.")
        data = content_of(image).data
        media_type = sniff(data)
        if media_type is None:
            raise UnsupportedMediaType("The record holds no picture of a type that the store accepts.")
        return data, media_type

    def _new(self, source: SourceLocation, options: Options) -> Migration:
        now = self.clock.now()
        return Migration(
            id=self.ids.image_id(), source=source, options=options, created_at=now, updated_at=now
        )
