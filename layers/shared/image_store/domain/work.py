"""Work that goes through a queue."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompleteUpload:
    """Complete a direct upload whose bytes have arrived."""

    image_id: str


@dataclass(frozen=True, slots=True)
class MigrateBatch:
    """Do a step of a migration, if it is still the next one."""

    migration_id: str
    step: int


@dataclass(frozen=True, slots=True)
class ImportStep:
    """Do a step of an import, if it is still the next one."""

    import_id: str
    step: int


@dataclass(frozen=True, slots=True)
class GenerateImage:
    """Continue one item of a generation job; its row says what to do next."""

    job_id: str
    index: int
    version: int = 0
    """The version of the row that the message is for; messages of earlier releases have 0, which means any."""


@dataclass(frozen=True, slots=True)
class RepairImage:
    """Make the missing files of one image."""

    image_id: str


@dataclass(frozen=True, slots=True)
class RepairStep:
    """Do a step of a repair of many images, if it is still the next one."""

    repair_id: str
    step: int


@dataclass(frozen=True, slots=True)
class RecoveryStep:
    """Do a step of a restore or a rebuild, if it is still the next one."""

    recovery_id: str
    step: int


@dataclass(frozen=True, slots=True)
class BackupStep:
    """Do a step of a run of the backup, if it is still the next one."""

    job_id: str
    step: int


@dataclass(frozen=True, slots=True)
class DeliverWebhook:
    """Send to a webhook what is to be sent to it."""

    webhook_id: str


Work = (
    CompleteUpload
    | MigrateBatch
    | ImportStep
    | GenerateImage
    | RepairImage
    | RepairStep
    | BackupStep
    | RecoveryStep
    | DeliverWebhook
)
