"""Repairs: objects that a record names and storage lacks, and the progress of a repair of many images."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from image_store.domain.delivery.renditions import Rendition

MAX_REPAIR_IDS = 100
KEPT_REPAIR_ERRORS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingObjects:
    """What storage lacks of one image."""

    original: bool = False
    """Without its original nothing can be made again."""
    renditions: tuple[Rendition, ...] = ()
    """Those whose private object is gone."""
    copies: tuple[Rendition, ...] = ()
    """Those whose public copy is gone; only of an image that is published."""

    def __bool__(self) -> bool:
        return self.original or bool(self.renditions) or bool(self.copies)


class RepairStatus(StrEnum):
    """How far a repair has come."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    """Every image was examined; some may have failed."""


@dataclass(frozen=True, slots=True)
class RepairError:
    """Why the files of one image could not be made again."""

    image_id: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairTally:
    """What a repair has found and made; in a dry run, what it would make."""

    examined: int = 0
    """Images whose objects were looked for."""
    renditions: int = 0
    copies: int = 0
    originals_missing: int = 0
    """Images that cannot be repaired: cleanup removes their records."""
    failed: int = 0
    """Images that could not be repaired although their original is there."""
    errors: tuple[RepairError, ...] = ()
    """The last 50."""

    def plus_examined(self, images: int) -> "RepairTally":
        """The tally after the objects of more images were looked for."""
        return replace(self, examined=self.examined + images)

    def plus(self, missing: MissingObjects) -> "RepairTally":
        """The tally after what one image lacked was made, or only counted."""
        if missing.original:
            return replace(self, originals_missing=self.originals_missing + 1)
        return replace(
            self,
            renditions=self.renditions + len(missing.renditions),
            copies=self.copies + len(missing.copies),
        )

    def plus_failure(self, error: RepairError) -> "RepairTally":
        """The tally after the repair of one image failed."""
        return replace(self, failed=self.failed + 1, errors=(*self.errors, error)[-KEPT_REPAIR_ERRORS:])


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairJob:
    """A repair of named images, or of the whole store, as it is remembered."""

    id: str
    created_at: datetime
    updated_at: datetime
    pending: tuple[str, ...] = ()
    """Images to be repaired next. Of a queued repair: those that the request named, not looked at yet."""
    scans: bool = True
    """Whether records are left to be read: never where images were named."""
    dry_run: bool = False
    status: RepairStatus = RepairStatus.QUEUED
    step: int = 1
    """The fencing number: only work that carries it is done, and every save raises it."""
    after: str | None = None
    """Where records are read next; None is the beginning."""
    tally: RepairTally = RepairTally()
    finished_at: datetime | None = None
