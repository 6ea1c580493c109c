"""What nobody asks for image by image: cleanup, ingest and migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.adapters.r2 import R2Bucket
from image_store.bootstrap.images import Images
from image_store.bootstrap.parts import made_once

if TYPE_CHECKING:
    from image_store.ports.images import IngestEvents, IngestNotes, VersionedBucket
    from image_store.ports.objects import ObjectStore
    from image_store.ports.queues import DeadLetters
    from image_store.ports.upkeep import CleanupRows, Housekeeping, Migrations, Repairs
    from image_store.services.images.ingestion import Ingestion
    from image_store.services.upkeep.cleanup.run import Cleanup
    from image_store.services.upkeep.ingest_sweep import IngestSweep
    from image_store.services.upkeep.migration.moving import Mover
    from image_store.services.upkeep.migration.requests import MigrationRequests
    from image_store.services.upkeep.migration.run import MigrationRun
    from image_store.services.upkeep.migration.sources import MigrationSources
    from image_store.services.upkeep.repair.image_repair import ImageRepair
    from image_store.services.upkeep.repair.requests import RepairRequests
    from image_store.services.upkeep.repair.run import RepairRun
    from image_store.services.upkeep.repair.storage_check import StorageCheck


class Upkeep(Images):
    """What nobody asks for image by image: cleanup, ingest and migrations."""

    @made_once
    def housekeeping(self) -> Housekeeping:
        from image_store.adapters.dynamodb.upkeep.housekeeping import DynamoHousekeeping

        return DynamoHousekeeping(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def cleanup_rows(self) -> CleanupRows:
        from image_store.adapters.dynamodb.upkeep.cleanup_rows import DynamoCleanupRows

        return DynamoCleanupRows(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def cleanup(self) -> Cleanup:
        from image_store.services.upkeep.cleanup.assembly import assemble_cleanup

        return assemble_cleanup(
            repository=self.repository,
            lists=self.image_lists,
            publications=self.publication_rows,
            rows=self.cleanup_rows,
            housekeeping=self.housekeeping,
            private=self.private,
            publisher=self.publisher,
            deletion=self.deletion,
            work=self.work_queue,
            clock=self.clock,
            ids=self.ids,
            policies=self.settings.cleanup_policies,
            most_removals=self.settings.cleanup_max_deletions,
        )

    @made_once
    def repairs(self) -> Repairs:
        from image_store.adapters.dynamodb.upkeep.repairs import DynamoRepairs

        return DynamoRepairs(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def repair_requests(self) -> RepairRequests:
        from image_store.services.upkeep.repair.requests import RepairRequests

        return RepairRequests(repairs=self.repairs, work=self.work_queue, clock=self.clock, ids=self.ids)

    @made_once
    def image_repair(self) -> ImageRepair:
        from image_store.services.upkeep.repair.image_repair import ImageRepair

        return ImageRepair(
            repository=self.repository,
            check=self._storage_check,
            private=self.private,
            publisher=self.publisher,
            processor=self.processor,
            presets=self.settings.presets,
            clock=self.clock,
            ids=self.ids,
            mark=self.settings.provenance,
        )

    @made_once
    def repair_run(self) -> RepairRun:
        from image_store.services.upkeep.repair.run import RepairRun

        return RepairRun(
            repairs=self.repairs,
            repository=self.repository,
            rows=self.cleanup_rows,
            check=self._storage_check,
            image_repair=self.image_repair,
            work=self.work_queue,
            clock=self.clock,
        )

    @made_once
    def _storage_check(self) -> StorageCheck:
        from image_store.services.upkeep.repair.storage_check import StorageCheck

        return StorageCheck(private=self.private, public=self.public)

    @made_once
    def ingest_bucket(self) -> ObjectStore:
        return R2Bucket(self.settings.ingest_bucket, client=lambda: self._s3, presigner=None)

    @made_once
    def ingest_versions(self) -> VersionedBucket:
        from image_store.adapters.s3_versions import S3Versions

        return S3Versions(self.settings.ingest_bucket, client=lambda: self._s3)

    @made_once
    def ingest_events(self) -> IngestEvents:
        from image_store.adapters.sqs import SqsIngestEvents

        return SqsIngestEvents(self.settings.ingest_queue_url, client=lambda: self._sqs)

    @made_once
    def ingest_notes(self) -> IngestNotes:
        from image_store.adapters.dynamodb.images.ingest_notes import DynamoIngestNotes

        return DynamoIngestNotes(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def dead_letters(self) -> DeadLetters:
        from image_store.adapters.sqs import SqsDeadLetters

        return SqsDeadLetters(self.settings.dead_letter_queue_url, client=lambda: self._sqs)

    @made_once
    def ingestion(self) -> Ingestion:
        from image_store.services.images.ingestion import Ingestion

        return Ingestion(
            bucket=self.ingest_bucket,
            notes=self.ingest_notes,
            uploads=self.uploads,
            clock=self.clock,
            max_bytes=self.settings.max_bytes,
        )

    @made_once
    def ingest_sweep(self) -> IngestSweep:
        from image_store.services.upkeep.ingest_sweep import IngestSweep

        return IngestSweep(
            bucket=self.ingest_versions,
            notes=self.ingest_notes,
            events=self.ingest_events,
            clock=self.clock,
        )

    @made_once
    def migrations(self) -> Migrations:
        from image_store.adapters.dynamodb.upkeep.migrations import DynamoMigrations

        return DynamoMigrations(self.settings.table, client=lambda: self._dynamodb)

    @made_once
    def migration_requests(self) -> MigrationRequests:
        from image_store.services.upkeep.migration.requests import MigrationRequests

        return MigrationRequests(
            migrations=self.migrations,
            repository=self.repository,
            claims=self.claims,
            sources=self.migration_sources,
            mover=self._mover,
            work=self.work_queue,
            table=self.settings.migration_table,
            clock=self.clock,
            ids=self.ids,
        )

    @made_once
    def migration_run(self) -> MigrationRun:
        from image_store.services.upkeep.migration.run import MigrationRun

        return MigrationRun(
            migrations=self.migrations,
            sources=self.migration_sources,
            mover=self._mover,
            work=self.work_queue,
            clock=self.clock,
        )

    @made_once
    def migration_sources(self) -> MigrationSources:
        from image_store.adapters.dynamodb.upkeep.migration_source import TableSource
        from image_store.services.upkeep.migration.sources import MigrationSources

        return MigrationSources(
            bucket=self.ingest_bucket,
            table=lambda table, fields: TableSource(table, fields, client=lambda: self._dynamodb),
        )

    @made_once
    def _mover(self) -> Mover:
        from image_store.entrypoints.upkeep.migrations import record_attributes
        from image_store.services.upkeep.migration.moving import Mover

        return Mover(
            bucket_name=self.settings.ingest_bucket,
            migrations=self.migrations,
            repository=self.repository,
            uploads=self.uploads,
            attributes_of=record_attributes,
        )
