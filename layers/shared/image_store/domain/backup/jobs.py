"""Runs of the backup: their progress, and the state that the next run continues from."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from image_store.domain.backup.manifest import BackupFile
from image_store.domain.deadlines import elapsed

LONGEST_RUN = timedelta(minutes=16)
"""The longest timeout of a function, with a margin for the lease."""
STALLED_AFTER = timedelta(minutes=20)
"""How long an invocation of a job can be silent: its time, and the start of the next."""
LATE_AFTER = timedelta(hours=26)
"""How old the last complete backup may be; the alarm BackupLate has the same limit."""
MAX_JOB_ERRORS = 50
SETTLING = timedelta(minutes=1)
"""How long a noted change may be missing in the index of changes, which follows the table within a second as a rule.

DynamoDB promises no time for it (Developer Guide, "Using Global Secondary Indexes"). A change that a run does not see
stays noted, and the next run backs it up: only what a run claims has to wait.
"""


class BackupTask(StrEnum):
    """What a run does."""

    RUN = "run"
    VERIFY = "verify"


class BackupStatus(StrEnum):
    """The states of a run."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class BackupError:
    """Why an image, a row or a file could not be backed up or verified."""

    entity: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupTally:
    """What a run has done so far; `errors` are the last ones."""

    images: int = 0
    """Lines of images."""
    rows: int = 0
    """Lines of other rows."""
    deletions: int = 0
    """Lines that say that an image or a row was deleted."""
    objects: int = 0
    """Originals that were copied."""
    bytes: int = 0
    """Of these originals."""
    verified: int = 0
    """Originals that were compared."""
    removed: int = 0
    """Objects of the backup whose retention had ended."""
    failed: int = 0
    errors: tuple[BackupError, ...] = ()

    def plus(self, **amounts: int) -> "BackupTally":
        """The tally after these were counted."""
        return replace(self, **{name: getattr(self, name) + amount for name, amount in amounts.items()})

    def plus_errors(self, *errors: BackupError) -> "BackupTally":
        """The tally after errors."""
        return replace(
            self, failed=self.failed + len(errors), errors=(*self.errors, *errors)[-MAX_JOB_ERRORS:]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupJob:
    """A run, which several invocations can continue."""

    id: str
    created_at: datetime
    updated_at: datetime
    task: BackupTask = BackupTask.RUN
    full: bool = False
    """Whether it reads every record again."""
    accept_loss: int | None = None
    """How many images may be gone since the last full pass, because somebody has seen this number; None for a guess."""
    deep: bool = False
    """Whether it reads every byte of the originals in the backup."""
    status: BackupStatus = BackupStatus.QUEUED
    step: int = 1
    manifest: str | None = None
    """The last manifest that it wrote, or the one that it verifies."""
    after: int = 0
    """How many lines of the manifest's files have been verified."""
    tally: BackupTally = BackupTally()
    base_images: int | None = None
    """How many images its full pass has found; None without one."""
    base_images_before: int | None = None
    """How many the base before it has."""
    stopped_because: str | None = None
    """The reason why it failed."""
    finished_at: datetime | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing continues it."""
        return self.status in {BackupStatus.SUCCEEDED, BackupStatus.FAILED}

    def is_stalled(self, now: datetime) -> bool:
        """Whether its last invocation is over, and no other has begun; one of a clock far ahead counts as over."""
        return elapsed(self.updated_at, now) >= STALLED_AFTER

    def ended(self, at: datetime, *, reason: str | None = None) -> "BackupJob":
        """The job at its end; it failed if there is a reason."""
        status = BackupStatus.SUCCEEDED if reason is None else BackupStatus.FAILED
        return replace(self, status=status, stopped_because=reason, finished_at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class FullPass:
    """A pass over all records that is under way."""

    id: str
    """Of the base that it writes."""
    after: str | None = None
    """Where it continues; None before its first page."""
    files: tuple[BackupFile, ...] = ()
    """The last files of lines."""
    indexes: tuple[BackupFile, ...] = ()
    """Files that name the files before them."""
    images: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupState:
    """What a run continues from."""

    created_at: datetime
    job: str | None = None
    """The last run that began."""
    manifest: str | None = None
    """The last manifest."""
    as_of: datetime | None = None
    """All changes that were noted before this time are in the last manifest."""
    full_at: datetime | None = None
    """When the last full pass was complete."""
    full_pass: FullPass | None = None
    sweep_after: str | None = None
    """The last key of the backup that the sweep for deleted originals has examined; None between two sweeps."""

    def age(self, now: datetime) -> timedelta:
        """How old the last complete backup is; before the first, how long it has been expected."""
        return elapsed(self.as_of or self.created_at, now)

    def next_state(self, **values: Any) -> "BackupState":
        """The state with other values."""
        return replace(self, **values)
