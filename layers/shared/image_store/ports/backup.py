"""Ports of the backup: what has changed, what the table holds, and the state of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from image_store.domain.backup.jobs import BackupJob, BackupState
    from image_store.domain.backup.lines import Rows
    from image_store.domain.images.image import Image, ImageRecord
    from image_store.domain.upkeep.cleanup import Lease
    from image_store.domain.upkeep.recovery import RecoveryOutcome


@dataclass(frozen=True, slots=True)
class NotedChange:
    """An image or a row that has changed since its last line in the backup."""

    entity: str
    mark: str
    """Another one with each change."""


@dataclass(frozen=True, slots=True)
class BackupSource:
    """What the table holds of an image or a row."""

    rows: Rows
    record: ImageRecord | None
    """The record of an image; None for another row, and for a record that this version cannot read."""


class ChangeOutbox(Protocol):
    """Which images and rows have changed. All methods raise StorageUnavailable."""

    def note(self, entity: str, *, at: datetime) -> None:
        """Note a change; a later one replaces it. Safe to repeat."""
        ...

    def changes(self, *, before: datetime) -> Iterator[NotedChange]:
        """The changes noted before a time, each entity once; lazily, in pages, and eventually consistent."""
        ...

    def settle(self, changes: Collection[NotedChange]) -> None:
        """Forget changes that were backed up, except those that were noted again. Safe to repeat."""
        ...


class BackupRows(Protocol):
    """The rows of the table that a backup holds. All methods raise StorageUnavailable."""

    def read(self, entities: Collection[str]) -> Mapping[str, BackupSource]:
        """Read images and rows, strongly consistent; those that are gone or being deleted are left out."""
        ...

    def scan(self, *, after: str | None, at: datetime) -> tuple[Sequence[str], str | None]:
        """One page of the names of all images and rows, and where to continue. A page may be empty.

        Rows that expire within two days of `at` belong to requests, and are left out.
        """
        ...


class LostRows(Protocol):
    """Rows of a backup that the table lost."""

    def image_of(self, rows: Rows) -> Image:
        """The image in the rows of a line; BackupDamaged or UnreadableRow if there is none that can be read."""
        ...

    def lets_callers_in(self, entity: str) -> bool:
        """Whether a row is an API key, a share or a provider's key."""
        ...

    def restore(
        self, entity: str, rows: Rows, *, at: datetime, access: bool, dry_run: bool
    ) -> RecoveryOutcome:
        """Write a row that is no image, with the rows that belong to it, unless the table has it. Safe to repeat.

        Left out are rows that expired before `at`, those of work that was not done, and without `access` API keys,
        shares and keys of providers. Raises BackupDamaged, UnreadableRow or StorageUnavailable.
        """
        ...


class BackupStates(Protocol):
    """The lease, the state and the jobs of the backup. All methods raise StorageUnavailable."""

    def take_lease(self, *, holder: str, at: datetime, until: datetime) -> Lease | None:
        """Take the right to run; None while another run holds it."""
        ...

    def end_lease(self, lease: Lease) -> None:
        """Give a lease back; nothing happens if it was lost."""
        ...

    def state(self, *, at: datetime) -> BackupState:
        """Read the state, strongly consistent; the first reader creates it."""
        ...

    def known_state(self) -> BackupState | None:
        """Read the state, strongly consistent; None before the first reader has created it."""
        ...

    def save_state(self, state: BackupState, lease: Lease) -> None:
        """Store the state; Conflict if the lease was lost. Safe to repeat."""
        ...

    def create_job(self, job: BackupJob) -> None:
        """Store a new job for 90 days."""
        ...

    def job(self, job_id: str) -> BackupJob | None:
        """Read a job, strongly consistent."""
        ...

    def save_job(self, after: BackupJob, *, step: int) -> None:
        """Replace a job that is still at this step; otherwise Conflict, and nothing is written."""
        ...

    def jobs(self, *, limit: int) -> Sequence[BackupJob]:
        """The last jobs, the newest first."""
        ...
