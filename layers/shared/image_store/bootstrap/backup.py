"""Assembles the services of the backup, of restores and of rebuilds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from image_store.bootstrap.lazy import lazy_property

if TYPE_CHECKING:
    from image_store.bootstrap.assembly import Application
    from image_store.services.backup.library import BackupLibrary
    from image_store.services.backup.originals import OriginalCopies
    from image_store.services.backup.requests import BackupRequests, BackupWork
    from image_store.services.backup.run import BackupRun
    from image_store.services.backup.verification import BackupVerification
    from image_store.services.upkeep.recovery.from_backup import FromBackup
    from image_store.services.upkeep.recovery.from_bucket import FromBucket
    from image_store.services.upkeep.recovery.requests import RecoveryRequests
    from image_store.services.upkeep.recovery.run import RecoveryRun


class Backup:
    """The services of the backup."""

    def __init__(self, application: Application) -> None:
        self._ports = application.ports
        self._settings = application.settings

    @property
    def is_configured(self) -> bool:
        """Whether this deployment has a backup store."""
        return self._settings.backup.is_on

    @lazy_property
    def requests(self) -> BackupRequests:
        from image_store.services.backup.requests import BackupRequests

        return BackupRequests(
            states=self._ports.backup_states,
            work=self._ports.backup_queue,
            is_configured=self.is_configured,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def work(self) -> BackupWork:
        from image_store.services.backup.requests import BackupWork

        return BackupWork(
            states=self._ports.backup_states,
            work=self._ports.backup_queue,
            run=self._run,
            verification=self._verification,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def library(self) -> BackupLibrary:
        from image_store.services.backup.library import BackupLibrary

        return BackupLibrary(store=self._ports.backup_store, stack=self._settings.backup.stack)

    def changed_entity(self, stream_record: dict[str, Any]) -> str | None:
        """What the backup has to look at after a record of the table's stream; None without a backup store."""
        return self._ports.backup_change_reader(stream_record) if self.is_configured else None

    def note(self, entity: str) -> None:
        """Note a change for the next run. Safe to repeat; StorageUnavailable."""
        self._ports.change_outbox.note(entity, at=self._ports.clock.now())

    @lazy_property
    def _copies(self) -> OriginalCopies:
        from image_store.services.backup.originals import OriginalCopies

        return OriginalCopies(private=self._ports.private, library=self.library, now=self._ports.clock.now)

    @lazy_property
    def _run(self) -> BackupRun:
        from image_store.domain.backup.manifest import Origin
        from image_store.services.backup.retention import BackupRetention
        from image_store.services.backup.run import BackupRun

        ports, settings = self._ports, self._settings
        return BackupRun(
            library=self.library,
            outbox=ports.change_outbox,
            rows=ports.backup_rows,
            states=ports.backup_states,
            copies=self._copies,
            retention=BackupRetention(
                library=self.library,
                repository=ports.repository,
                retention=settings.backup.retention,
                clock=ports.clock,
                ids=ports.ids,
            ),
            origin=Origin(
                stack=settings.backup.stack,
                table=settings.storage.table,
                kms_key=settings.encryption.key,
                schema_version=ports.schema_version,
                parameters=json.loads(settings.backup.parameters),
            ),
            clock=ports.clock,
            ids=ports.ids,
        )

    @lazy_property
    def _verification(self) -> BackupVerification:
        from image_store.services.backup.verification import BackupVerification

        return BackupVerification(library=self.library, copies=self._copies, clock=self._ports.clock)


class RecoveryServices:
    """The services that restore and rebuild images."""

    def __init__(self, application: Application) -> None:
        self._ports = application.ports
        self._settings = application.settings

    @lazy_property
    def requests(self) -> RecoveryRequests:
        from image_store.services.upkeep.recovery.requests import RecoveryRequests

        return RecoveryRequests(
            recoveries=self._ports.recoveries,
            housekeeping=self._ports.housekeeping,
            work=self._ports.work_queue,
            clock=self._ports.clock,
            ids=self._ports.ids,
        )

    @lazy_property
    def run(self) -> RecoveryRun:
        from image_store.domain.upkeep.recovery import RecoveryKind
        from image_store.services.upkeep.recovery.run import RecoveryRun

        return RecoveryRun(
            recoveries=self._ports.recoveries,
            housekeeping=self._ports.housekeeping,
            sources={
                RecoveryKind.REBUILD: lambda: self._from_bucket,
                RecoveryKind.RESTORE: lambda: self._from_backup,
            },
            work=self._ports.work_queue,
            clock=self._ports.clock,
        )

    @lazy_property
    def _from_bucket(self) -> FromBucket:
        from image_store.services.upkeep.recovery.from_bucket import FromBucket

        return FromBucket(
            repository=self._ports.repository,
            private=self._ports.private,
            processor=self._ports.processor,
            quota=self._settings.quota,
            clock=self._ports.clock,
            ids=self._ports.ids,
            mark=self._settings.renditions.provenance,
        )

    @lazy_property
    def _from_backup(self) -> FromBackup:
        from image_store.services.upkeep.recovery.from_backup import FromBackup
        from image_store.services.upkeep.recovery.lost_images import LostImages
        from image_store.services.upkeep.repair.storage_check import StorageCheck

        ports = self._ports
        return FromBackup(
            library_of=self._library_of,
            stack=self._settings.backup.stack,
            kms_key=self._settings.encryption.key,
            images=LostImages(
                repository=ports.repository,
                rows=ports.lost_rows,
                private=ports.private,
                check=StorageCheck(private=ports.private, public=ports.public),
                work=ports.work_queue,
                clock=ports.clock,
                ids=ports.ids,
                trash_retention=self._settings.cleanup.trash_retention,
            ),
            rows=ports.lost_rows,
            clock=ports.clock,
        )

    def _library_of(self, stack: str) -> BackupLibrary:
        from image_store.domain.errors import BackupNotConfigured
        from image_store.services.backup.library import BackupLibrary

        if not self._settings.backup.bucket:
            raise BackupNotConfigured("This deployment has no backup store: set its parameter BackupStore.")
        return BackupLibrary(store=self._ports.backup_store, stack=stack)
