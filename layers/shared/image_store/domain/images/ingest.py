"""Objects in the ingest bucket, and the lifetime of their results."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.deadlines import is_too_far_ahead

INGEST_PREFIX = "ingest/"
OBJECT_LIFETIME = timedelta(days=14)
"""The bucket's lifecycle expires an object after this time, and its old version after the same time again."""
RESULT_LIFETIME = 2 * OBJECT_LIFETIME + timedelta(days=1)
"""How long the store knows that an object was stored or refused: longer than the bucket keeps any version of it."""

ANNOUNCEMENT_LIFETIME = timedelta(days=1)
"""How long the sweep waits before it announces an object again."""
_NOTE_LIFETIMES = {"announced": ANNOUNCEMENT_LIFETIME, "refused": RESULT_LIFETIME}


def is_note_valid(what: str, expires_at: datetime, now: datetime) -> bool:
    """Whether a note is still valid. A note with a too late expiry was written by a clock that ran ahead: it is not."""
    longest = _NOTE_LIFETIMES.get(what, RESULT_LIFETIME)
    return now.replace(microsecond=0) <= expires_at and not is_too_far_ahead(expires_at, now, longest=longest)


@dataclass(frozen=True, slots=True)
class DroppedObject:
    """An object as its event describes it; `key` is decoded already."""

    bucket: str
    key: str
    version: str | None
    size_bytes: int

    @property
    def name(self) -> str:
        """A digest of bucket, key and version: the same for every event of the object."""
        text = "\0".join(("ingest", self.bucket, self.key, self.version or ""))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """A version of an object as the bucket lists it."""

    dropped: DroppedObject
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class VersionPosition:
    """Where a list of versions continues."""

    key: str
    version: str


@dataclass(frozen=True, slots=True)
class VersionPage:
    """Versions, and where the next page begins; None at the end."""

    versions: tuple[ObjectVersion, ...]
    resume_after: VersionPosition | None


@dataclass(frozen=True, slots=True)
class SweepPosition:
    """Where a sweep stopped; without `after` it reached the end and waits until `not_before`."""

    after: VersionPosition | None
    not_before: datetime
