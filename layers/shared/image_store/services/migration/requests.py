"""What admins ask of migrations: to begin one, to see how far it has come, and for the picture of a record."""

from dataclasses import dataclass
from datetime import datetime

from image_store.domain.errors import (
    ImageNotFound,
    InvalidRequest,
    MigrationNotFound,
    UnsupportedMediaType,
)
from image_store.domain.ids import is_image_id
from image_store.domain.image import Image, State
from image_store.domain.media import MediaType, sniff
from image_store.domain.migration import (
    Migration,
    MigrationStatus,
    OneRecord,
    Options,
    Source,
    SourceRecord,
    Step,
    Table,
    record_name,
)
from image_store.domain.work import MigrateBatch
from image_store.ports.claims import Claims
from image_store.ports.images import ImageRepository
from image_store.ports.migrations import Migrations
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids
from image_store.services.migration.moving import Mover, content_of
from image_store.services.migration.sources import MigrationSources


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationRequests:
    """Begins migrations and tells of them."""

    migrations: Migrations
    repository: ImageRepository
    claims: Claims
    sources: MigrationSources
    mover: Mover
    work: WorkQueue
    table: str
    """The one table that the deployment lets migrations read; empty when there is none."""
    clock: Clock
    ids: Ids

    def begin(self, source: Source, options: Options) -> Migration:
        """Begin a migration behind the request.

        Asked twice, there are two migrations, and each record is moved once all the same. Raises InvalidRequest for
        a table that the deployment does not name.
        """
        if isinstance(source, Table) and source.name != self.table:
            raise InvalidRequest(
                "Only the table that the deployment names as MigrationTable can be migrated."
            )
        migration = self._new(source, options)
        self.migrations.create(migration)
        self.work.send(MigrateBatch(migration.id, migration.step))
        return migration

    def move_one(self, record: SourceRecord, *, until: datetime) -> Migration:
        """Move a record that came with the request, at once; safe to repeat.

        A record that cannot be moved is counted as failed. Raises what may go better later; then nothing is remembered.
        """
        migration = self._new(OneRecord(record.id, record.owner or ""), Options())
        tally = self.mover.tallied(migration, None, Step("", record), set(), until=until)
        now = self.clock.now()
        done = Migration(
            id=migration.id,
            source=migration.source,
            options=migration.options,
            created_at=migration.created_at,
            updated_at=now,
            status=MigrationStatus.SUCCEEDED,
            total=1,
            tally=tally,
            finished_at=now,
        )
        self.migrations.create(done)
        return done

    def get(self, migration_id: str) -> Migration:
        """How far a migration has come; MigrationNotFound."""
        migration = self.migrations.get(migration_id) if is_image_id(migration_id) else None
        if migration is None:
            raise MigrationNotFound("There is no such migration.")
        return migration

    def image_of(self, migration: Migration, record_id: str) -> Image | None:
        """The image that a record became; None while it is not moved, ImageNotFound when the image is gone."""
        name = record_name(migration.source, self.mover.bucket_name, record_id)
        row = self.claims.idempotency(name)
        if row is None or row.is_expired(self.clock.now()):
            return None
        image = self.repository.get_image(row.image_id)
        if image is not None and image.state is State.PENDING:
            return None
        if image is None or image.state is not State.READY:
            raise ImageNotFound("The image of this record has been deleted.")
        return image

    def picture_of(self, migration: Migration, record_id: str) -> tuple[bytes, MediaType]:
        """The picture of a record that is not moved yet, decoded, and its type as its bytes show it.

        Raises ImageNotFound, UnsupportedMediaType, InvalidRequest, PayloadTooLarge, SourceUnreadable
        """
        record = None
        if not isinstance(migration.source, OneRecord):
            record = self.sources.of(migration).find(record_id)
        if record is None:
            raise ImageNotFound("There is no such record in the source of this migration.")
        data = content_of(record).data
        media_type = sniff(data)
        if media_type is None:
            raise UnsupportedMediaType("The record holds no picture of a type that the store accepts.")
        return data, media_type

    def _new(self, source: Source, options: Options) -> Migration:
        now = self.clock.now()
        return Migration(
            id=self.ids.image_id(), source=source, options=options, created_at=now, updated_at=now
        )
