"""Assembles the services that clean up, repair, migrate and project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.bootstrap.parts import made_once

if TYPE_CHECKING:
    from image_store.bootstrap.assembly import Application
    from image_store.services.upkeep.cleanup.run import Cleanup
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

    @made_once
    def cleanup(self) -> Cleanup:
        from image_store.services.upkeep.cleanup.assembly import assemble_cleanup

        return assemble_cleanup(
            repository=self._ports.repository,
            lists=self._ports.list_rows,
            publications=self._ports.publication_rows,
            rows=self._ports.cleanup_rows,
            housekeeping=self._ports.housekeeping,
            private=self._ports.private,
            public=self._ports.public,
            publisher=self._areas.delivery.publisher,
            deletion=self._areas.images.deletion,
            work=self._ports.work_queue,
            clock=self._ports.clock,
            ids=self._ports.ids,
            policies=self._settings.cleanup.policies,
            most_removals=self._settings.cleanup.max_deletions,
        )

    @made_once
    def repair_requests(self) -> RepairRequests:
        from image_store.services.upkeep.repair.requests import RepairRequests

        return RepairRequests(
            repairs=self._ports.repairs,
            work=self._ports.work_queue,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @made_once
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

    @made_once
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

    @made_once
    def _storage_check(self) -> StorageCheck:
        from image_store.services.upkeep.repair.storage_check import StorageCheck

        return StorageCheck(private=self._ports.private, public=self._ports.public)

    @made_once
    def ingest_sweep(self) -> IngestSweep:
        from image_store.services.upkeep.ingest_sweep import IngestSweep

        return IngestSweep(
            bucket=self._ports.ingest_versions,
            notes=self._ports.ingest_notes,
            events=self._ports.ingest_events,
            clock=self._ports.clock,
        )

    @made_once
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

    @made_once
    def migration_run(self) -> MigrationRun:
        from image_store.services.upkeep.migration.run import MigrationRun

        return MigrationRun(
            migrations=self._ports.migrations,
            sources=self.migration_sources,
            mover=self._mover,
            work=self._ports.work_queue,
            clock=self._ports.clock,
        )

    @made_once
    def migration_sources(self) -> MigrationSources:
        from image_store.services.upkeep.migration.sources import MigrationSources

        return MigrationSources(
            bucket=self._ports.ingest_bucket,
            table=self._ports.migration_table,
        )

    @made_once
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

    @made_once
    def projections(self) -> Projections:
        from image_store.services.upkeep.projections import Projections

        return Projections(projector=self._ports.projector, clock=self._ports.clock)
