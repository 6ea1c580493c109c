"""Recoveries: jobs that write lost images again, from a backup (a restore) or from the private bucket (a rebuild)."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

KEPT_RECOVERY_ERRORS = 50


class RecoveryKind(StrEnum):
    """Where a recovery finds the images."""

    REBUILD = "rebuild"
    """In the originals of the private bucket."""
    RESTORE = "restore"
    """In a backup."""


class RecoveryStatus(StrEnum):
    """The status of a recovery."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    """Everything was examined; some images may have failed."""
    FAILED = "failed"
    """It stopped before its end; the last error says why."""


ENDED = frozenset({RecoveryStatus.SUCCEEDED, RecoveryStatus.FAILED})


class RecoveryOutcome(StrEnum):
    """What became of one image or row, or would become of it in a dry run; the names are those of the answer."""

    IMAGES = "images"
    """Its record was written, and its original is stored."""
    ORIGINALS = "originals"
    """Its record existed, and its lost original is stored again."""
    ALREADY_THERE = "already_there"
    """Nothing was missing, or the deployment has a later version of it."""
    ENDED = "ended"
    """It was deleted or has expired since, and stays away."""
    ROWS = "rows"
    """A row that is not an image was written."""
    ROWS_LEFT_OUT = "rows_left_out"
    """A row was not written: it has expired, or its kind was not requested."""
    FAILED = "failed"
    """An error says why."""


@dataclass(frozen=True, slots=True)
class RecoveryError:
    """Why an image or a row could not be recovered."""

    name: str
    """The id of the image, the key of the object, or the name of the row or file."""
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryTally:
    """The results of a recovery, counted; in a dry run, what it would do."""

    images: int = 0
    originals: int = 0
    already_there: int = 0
    ended: int = 0
    rows: int = 0
    rows_left_out: int = 0
    failed: int = 0
    repairs: int = 0
    """Images that were queued for a repair of renditions and public copies."""
    size_bytes: int = 0
    """The bytes of the originals that were stored."""
    errors: tuple[RecoveryError, ...] = ()
    """The last 50."""

    def plus(self, *outcomes: RecoveryOutcome, repairs: int = 0, size_bytes: int = 0) -> "RecoveryTally":
        """The tally after these outcomes."""
        counts = Counter(outcome.value for outcome in outcomes) + Counter(
            repairs=repairs, size_bytes=size_bytes
        )
        return replace(self, **{name: getattr(self, name) + count for name, count in counts.items()})

    def plus_failure(self, error: RecoveryError) -> "RecoveryTally":
        """The tally after one image or row failed."""
        return replace(self, failed=self.failed + 1, errors=(*self.errors, error)[-KEPT_RECOVERY_ERRORS:])


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryOptions:
    """What a recovery may do beyond writing lost images as private images; everything is off by default."""

    dry_run: bool = False
    """Count, and change nothing."""
    ended: bool = False
    """Also images that were deleted since, or whose `expires_at` has passed: they come back without that time."""
    publish: bool = False
    """Published images are published again, under the same links."""
    access: bool = False
    """Also API keys, shares and webhooks."""
    owner: str | None = None
    """Only the images of this owner."""
    image_id: str | None = None
    """Only this image."""
    stack: str | None = None
    """The stack whose backup it is, if that is another one."""
    other_key: bool = False
    """Even if another KMS key sealed the texts; they come back as they are."""
    without_sealed: bool = False
    """Without sealed texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryJob:
    """A recovery as it is stored."""

    id: str
    kind: RecoveryKind
    created_at: datetime
    updated_at: datetime
    options: RecoveryOptions = RecoveryOptions()
    manifest: str | None = None
    """The manifest of the backup that is restored; None for a rebuild."""
    status: RecoveryStatus = RecoveryStatus.QUEUED
    step: int = 1
    """The fencing number: only work that carries it is done, and every save raises it."""
    after: str | None = None
    """Where the next step continues; None for the beginning."""
    tally: RecoveryTally = RecoveryTally()
    finished_at: datetime | None = None
    inherits_hold: bool = False
    """Whether cleanup was held for an earlier recovery, which may have left what the hold protects."""

    @property
    def was_refused(self) -> bool:
        """Whether it stopped before it came to any image or row, so that nothing was written."""
        return self.status is RecoveryStatus.FAILED and self.tally == RecoveryTally(
            failed=1, errors=self.tally.errors
        )

    @property
    def leaves_hold(self) -> bool:
        """Whether cleanup waits after its end: an original may be there without its record, for the next try."""
        has_failed = self.has_ended and self.tally.failed > 0 and not self.options.dry_run
        return has_failed and (self.inherits_hold or not self.was_refused)

    @property
    def has_ended(self) -> bool:
        """Whether no step follows."""
        return self.status in ENDED

    def ended_at(self, at: datetime, status: RecoveryStatus = RecoveryStatus.SUCCEEDED) -> "RecoveryJob":
        """The recovery after its last step."""
        return replace(self, status=status, finished_at=at)

    def stopped_at(self, at: datetime, *, code: str, detail: str) -> "RecoveryJob":
        """The recovery after an error that no retry can help."""
        tally = self.tally.plus_failure(RecoveryError(self.manifest or "", code, detail))
        return replace(self, tally=tally).ended_at(at, RecoveryStatus.FAILED)
