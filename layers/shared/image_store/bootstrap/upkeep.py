"""Assembles the services that clean up, repair, migrate and project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store.bootstrap.lazy import lazy_property

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import timedelta

    from image_store.bootstrap.assembly import Application
    from image_store.domain.callers.key_usage import KeyUse
    from image_store.services.upkeep.cleanup.objects import ObjectSweep, PrivateObjects
    from image_store.services.upkeep.cleanup.run import Cleanup
    from image_store.services.upkeep.feed_upgrade import FeedUpgrade
    from image_store.services.upkeep.importing.requests import ImportRequests
    from image_store.services.upkeep.importing.run import ImportRun
    from image_store.services.upkeep.ingest_sweep import IngestSweep
    from image_store.services.upkeep.migration.moving import Mover
    from image_store.services.upkeep.migration.requests import MigrationRequests
    from image_store.services.upkeep.migration.run import MigrationRun
    from image_store.services.upkeep.migration.sources import MigrationSources
    from image_store.services.upkeep.projections import Projections
    from image_store.services.upkeep.repair.image_repair import ImageRepair
    from image_store.services.upkeep.repair.requests import RepairRequests
    from image_store.services.upkeep.repair.run import RepairRun
    from image_store.services.upkeep.repair.storage_check import StorageCheck


class Upkeep:
    """The services that clean up, repair, migrate and project."""

    def __init__(self, application: Application) -> None:
        self._areas = application
        self._ports = application.ports
        self._settings = application.settings

    @lazy_property
    def cleanup(self) -> Cleanup:
        from image_store.domain.upkeep.cleanup import GRACE
        from image_store.services.upkeep.cleanup.due import DueRows
        from image_store.services.upkeep.cleanup.objects import PrivateObjects
        from image_store.services.upkeep.cleanup.policies import Policies
        from image_store.services.upkeep.cleanup.records import RecordSweep
        from image_store.services.upkeep.cleanup.run import Cleanup

        ports, deletion = self._ports, self._areas.images.deletion
        private_objects = PrivateObjects(repository=ports.repository, clock=ports.clock)
        return Cleanup(
            due=DueRows(
                repository=ports.repository,
                publications=ports.publication_rows,
                rows=ports.cleanup_rows,
                private=ports.private,
                publisher=self._areas.delivery.publisher,
                deletion=deletion,
                clock=ports.clock,
                ids=ports.ids,
            ),
            policies=Policies(
                policies=self._settings.cleanup.policies,
                repository=ports.repository,
                lists=ports.list_rows,
                rows=ports.cleanup_rows,
                deletion=deletion,
                clock=ports.clock,
            ),
            staging=private_objects,
            private=ports.private,
            objects=self._object_sweeps(private_objects, grace=GRACE),
            records=RecordSweep(
                repository=ports.repository,
                rows=ports.cleanup_rows,
                private=ports.private,
                check=self._storage_check,
                work=ports.work_queue,
                deletion=deletion,
                grace=GRACE,
                clock=ports.clock,
            ),
            housekeeping=ports.housekeeping,
            clock=ports.clock,
            ids=ports.ids,
            most_removals=self._settings.cleanup.max_deletions,
        )

    def _object_sweeps(self, private_objects: PrivateObjects, *, grace: timedelta) -> list[ObjectSweep]:
        """The sweeps of the buckets; without a public bucket only the private one is swept."""
        from image_store.services.upkeep.cleanup.objects import ObjectSweep, PublicObjects

        ports = self._ports
        private = ObjectSweep(
            name="private",
            bucket=ports.private,
            finder=private_objects,
            delete=ports.private.delete,
            grace=grace,
            clock=ports.clock,
        )
        if ports.public is None:
            return [private]
        public = ObjectSweep(
            name="public",
            bucket=ports.public,
            finder=PublicObjects(publications=ports.publication_rows, clock=ports.clock),
            delete=self._areas.delivery.publisher.remove_strays,
            grace=grace,
            clock=ports.clock,
        )
        return [private, public]

    @lazy_property
    def repair_requests(self) -> RepairRequests:
        from image_store.services.upkeep.repair.requests import RepairRequests

        return RepairRequests(
            repairs=self._ports.repairs,
            work=self._ports.work_queue,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def image_repair(self) -> ImageRepair:
        from image_store.services.upkeep.repair.image_repair import ImageRepair

        return ImageRepair(
            repository=self._ports.repository,
            check=self._storage_check,
            private=self._ports.private,
            publisher=self._areas.delivery.publisher,
            processor=self._ports.processor,
            presets=self._settings.renditions.presets,
            clock=self._ports.clock,
            ids=self._ports.ids,
            mark=self._settings.renditions.provenance,
        )

    @lazy_property
    def repair_run(self) -> RepairRun:
        from image_store.services.upkeep.repair.run import RepairRun

        return RepairRun(
            repairs=self._ports.repairs,
            repository=self._ports.repository,
            rows=self._ports.cleanup_rows,
            check=self._storage_check,
            image_repair=self.image_repair,
            work=self._ports.work_queue,
            clock=self._ports.clock,
        )

    @lazy_property
    def _storage_check(self) -> StorageCheck:
        from image_store.services.upkeep.repair.storage_check import StorageCheck

        return StorageCheck(private=self._ports.private, public=self._ports.public)

    @lazy_property
    def feed_upgrade(self) -> FeedUpgrade:
        from image_store.services.upkeep.feed_upgrade import FeedUpgrade

        return FeedUpgrade(rows=self._ports.feed_upkeep, clock=self._ports.clock)

    @lazy_property
    def ingest_sweep(self) -> IngestSweep:
        from image_store.services.upkeep.ingest_sweep import IngestSweep

        return IngestSweep(
            bucket=self._ports.ingest_versions,
            notes=self._ports.ingest_notes,
            events=self._ports.ingest_events,
            clock=self._ports.clock,
        )

    @lazy_property
    def migration_requests(self) -> MigrationRequests:
        from image_store.services.upkeep.migration.requests import MigrationRequests

        return MigrationRequests(
            migrations=self._ports.migrations,
            repository=self._ports.repository,
            claims=self._ports.claims,
            sources=self.migration_sources,
            mover=self._mover,
            work=self._ports.work_queue,
            table=self._settings.storage.migration_table,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def migration_run(self) -> MigrationRun:
        from image_store.services.upkeep.migration.run import MigrationRun

        return MigrationRun(
            migrations=self._ports.migrations,
            sources=self.migration_sources,
            mover=self._mover,
            work=self._ports.work_queue,
            clock=self._ports.clock,
        )

    @lazy_property
    def import_requests(self) -> ImportRequests:
        from image_store.services.upkeep.importing.requests import ImportRequests

        return ImportRequests(
            imports=self._ports.imports,
            work=self._ports.work_queue,
            has_sources=bool(self._settings.remote.import_secret),
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def import_run(self) -> ImportRun:
        from image_store.services.images.batches import Batches
        from image_store.services.upkeep.importing.importer import Importer
        from image_store.services.upkeep.importing.run import PARALLEL_IMAGES, ROOM_FOR_ONE, ImportRun

        return ImportRun(
            imports=self._ports.imports,
            sources=self._ports.import_sources,
            importer=Importer(
                uploads=self._areas.images.uploads,
                clock=self._ports.clock,
                max_bytes=self._settings.limits.max_bytes,
            ),
            batches=Batches(clock=self._ports.clock, concurrency=PARALLEL_IMAGES, last_step=ROOM_FOR_ONE),
            work=self._ports.work_queue,
            clock=self._ports.clock,
        )

    @lazy_property
    def migration_sources(self) -> MigrationSources:
        from image_store.services.upkeep.migration.sources import MigrationSources

        return MigrationSources(
            bucket=self._ports.ingest_bucket,
            table=self._ports.migration_table,
        )

    @lazy_property
    def _mover(self) -> Mover:
        from image_store.entrypoints.upkeep.migrations import record_attributes
        from image_store.services.upkeep.migration.moving import Mover

        return Mover(
            bucket_name=self._settings.storage.ingest_bucket,
            migrations=self._ports.migrations,
            repository=self._ports.repository,
            uploads=self._areas.images.uploads,
            attributes_of=record_attributes,
        )

    @property
    def changed_image(self) -> Callable[[dict[str, Any]], str | None]:
        """Reads which image a record of the table's stream is about."""
        return self._ports.changed_image

    @property
    def use_reader(self) -> Callable[[dict[str, Any]], KeyUse | None]:
        """Reads what an API key has used from a record of the table's stream."""
        return self._ports.use_reader

    def count_uses(self, uses: Collection[KeyUse]) -> None:
        """Count what API keys have used, each use once. Safe to repeat; StorageUnavailable."""
        self._ports.key_usage.count(*uses, at=self._ports.clock.now())

    @lazy_property
    def projections(self) -> Projections:
        from image_store.services.upkeep.projections import Projections

        return Projections(projector=self._ports.projector, clock=self._ports.clock)
