"""Chooses the adapters of the ports of the backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store.bootstrap.lazy import lazy_property
from image_store.bootstrap.port_groups.callers import CallerPorts
from image_store.entrypoints.callers.actors import current_actor

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from image_store.ports.backup import BackupRows, BackupStates, ChangeOutbox, LostRows
    from image_store.ports.objects import ObjectStore
    from image_store.ports.queues import WorkQueue
    from image_store.ports.upkeep import Recoveries


class BackupPorts(CallerPorts):
    """What the backup reads and writes."""

    @lazy_property
    def backup_store(self) -> ObjectStore:
        from image_store.adapters.objects import S3Bucket

        backup = self._settings.backup
        return S3Bucket(
            backup.bucket, client=lambda: self._backup_client, presigner=None, store=backup.store.kind
        )

    @lazy_property
    def _backup_client(self) -> Any:
        return self.clients.objects(self._settings.backup.store)

    @lazy_property
    def backup_queue(self) -> WorkQueue:
        from image_store.adapters.sqs import SqsWorkQueue

        return SqsWorkQueue(self._settings.backup.queue, client=lambda: self.clients.sqs)

    @lazy_property
    def backup_rows(self) -> BackupRows:
        from image_store.adapters.dynamodb.backup.rows import DynamoBackupRows

        return DynamoBackupRows(self.table)

    @lazy_property
    def backup_states(self) -> BackupStates:
        from image_store.adapters.dynamodb.backup.states import DynamoBackupStates

        return DynamoBackupStates(self.table)

    @lazy_property
    def recoveries(self) -> Recoveries:
        from image_store.adapters.dynamodb.upkeep.recoveries import DynamoRecoveries

        return DynamoRecoveries(self.table)

    @lazy_property
    def lost_rows(self) -> LostRows:
        from image_store.adapters.dynamodb.backup.lost_rows import DynamoLostRows

        return DynamoLostRows(self.table, actor=current_actor)

    @lazy_property
    def change_outbox(self) -> ChangeOutbox:
        from image_store.adapters.dynamodb.backup.outbox import DynamoOutbox

        return DynamoOutbox(self.table)

    @lazy_property
    def backup_change_reader(self) -> Callable[[dict[str, Any]], str | None]:
        from image_store.adapters.dynamodb.backup.changes import entity_changed

        return entity_changed

    @property
    def schema_version(self) -> int:
        """The version of the rows of the table."""
        from image_store.adapters.dynamodb.schema import VERSION

        return VERSION
