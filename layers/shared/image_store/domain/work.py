"""Work that is carried on behind a request."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompleteUpload:
    """Complete a direct upload whose bytes have arrived."""

    image_id: str


@dataclass(frozen=True, slots=True)
class MigrateBatch:
    """Do the next step of a migration, if it is still the next."""

    migration_id: str
    step: int


@dataclass(frozen=True, slots=True)
class GenerateImage:
    """Continue one image of a generation job; its row says what is to be done."""

    job_id: str
    index: int
    version: int = 0
    """Of the row that the message is for; 0 in messages of earlier releases, which are for any."""


@dataclass(frozen=True, slots=True)
class RepairImage:
    """Make what storage lacks of one image."""

    image_id: str


@dataclass(frozen=True, slots=True)
class RepairStep:
    """Do the next step of a repair of many images, if it is still the next."""

    repair_id: str
    step: int


Work = CompleteUpload | MigrateBatch | GenerateImage | RepairImage | RepairStep
