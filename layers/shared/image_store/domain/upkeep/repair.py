"""Repairs: the missing objects of images, and the progress of a repair of many images."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from image_store.domain.delivery.renditions import Rendition

MAX_REPAIR_IDS = 100
KEPT_REPAIR_ERRORS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingObjects:
    """The missing objects of one image."""

    original: bool = False
    """Without the original nothing can be restored."""
    renditions: tuple[Rendition, ...] = ()
    """Renditions whose private object is missing."""
    copies: tuple[Rendition, ...] = ()
    """Renditions whose public copy is missing; only for a published image."""

    def __bool__(self) -> bool:
        return self.original or bool(self.renditions) or bool(self.copies)


class RepairStatus(StrEnum):
    """The status of a repair."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    """All images were examined; some may have failed."""


@dataclass(frozen=True, slots=True)
class RepairError:
    """Why the files of one image could not be restored."""

    image_id: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairTally:
    """The results of a repair, counted; in a dry run, what it would restore."""

    examined: int = 0
    """Images whose objects were checked."""
    renditions: int = 0
    copies: int = 0
    originals_missing: int = 0
    """Images that cannot be repaired: cleanup removes their records."""
    failed: int = 0
    """Images that could not be repaired although their original exists."""
    errors: tuple[RepairError, ...] = ()
    """The last 50."""

    def plus_examined(self, images: int) -> "RepairTally":
        """The tally after more images were examined."""
        return replace(self, examined=self.examined + images)

    def plus(self, missing: MissingObjects) -> "RepairTally":
        """The tally after the missing objects of one image were restored, or only counted."""
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
    """A repair of some images, or of the whole store, as it is stored."""

    id: str
    created_at: datetime
    updated_at: datetime
    pending: tuple[str, ...] = ()
    """Images to repair next; in a queued repair the images of the request, which are not examined yet."""
    scans: bool = True
    """Whether there are more records to read; always False if the request named images."""
    dry_run: bool = False
    status: RepairStatus = RepairStatus.QUEUED
    step: int = 1
    """The fencing number: only work that carries it is done, and every save raises it."""
    after: str | None = None
    """Where to read the next records; None for the beginning."""
    tally: RepairTally = RepairTally()
    finished_at: datetime | None = None
