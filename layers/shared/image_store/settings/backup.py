"""Where backups go, and how long they keep what was deleted."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from image_store.domain.images.byte_stores import ByteStore
from image_store.settings.byte_stores import ByteStoreSettings
from image_store.settings.variables import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """The store of backups."""

    is_on: bool
    """Whether there are backups."""
    bucket: str
    store: ByteStoreSettings
    """Where the bucket is."""
    retention: timedelta
    stack: str
    """The name below which the bucket holds the backup of this deployment."""
    parameters: str
    """Settings that a manifest remembers, as JSON."""
    queue: str
    """The address of the queue of the function that backs up."""

    @classmethod
    def from_env(cls, variables: Variables) -> Self:
        """Read the settings of backups."""
        return cls(
            is_on=variables.flag("BACKUPS"),
            bucket=variables.text("BACKUP_STORE"),
            store=ByteStoreSettings(
                # No backup is copied within the store, and the kinds differ in nothing else.
                kind=ByteStore.COMPATIBLE,
                endpoint=variables.url("BACKUP_ENDPOINT"),
                region=variables.text("BACKUP_REGION", "auto"),
                secret=variables.text("BACKUP_SECRET"),
            ),
            retention=timedelta(days=variables.number("BACKUP_RETENTION_DAYS", 30)),
            stack=variables.text("STACK_NAME", "image-store"),
            parameters=variables.text("BACKUP_PARAMETERS", "{}"),
            queue=variables.text("BACKUP_QUEUE_URL"),
        )
