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


Work = CompleteUpload | MigrateBatch
