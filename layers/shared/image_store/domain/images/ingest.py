"""Objects that were dropped into the ingest bucket, and what is remembered of them."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.deadlines import was_never_meant

INGEST_PREFIX = "ingest/"
OBJECT_LIFETIME = timedelta(days=14)
"""After so long the bucket's lifecycle takes an object away, and after as long again the version that it was."""
RESULT_LIFETIME = 2 * OBJECT_LIFETIME + timedelta(days=1)
"""For how long an object is known to be stored or refused: longer than the bucket keeps any version of it."""

ANNOUNCEMENT_LIFETIME = timedelta(days=1)
"""For how long an object is not announced again."""
_NOTED_FOR = {"announced": ANNOUNCEMENT_LIFETIME, "refused": RESULT_LIFETIME}


def holds(what: str, expires_at: datetime, now: datetime) -> bool:
    """Whether a note still holds; one that would hold for longer than any was written by a clock that ran ahead."""
    longest = _NOTED_FOR.get(what, RESULT_LIFETIME)
    return now.replace(microsecond=0) <= expires_at and not was_never_meant(expires_at, now, longest=longest)


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
    """Where a list of versions goes on."""

    key: str
    version: str


@dataclass(frozen=True, slots=True)
class VersionPage:
    """Versions, and where the next page begins; None when there is nothing more to read."""

    versions: tuple[ObjectVersion, ...]
    resume_after: VersionPosition | None


@dataclass(frozen=True, slots=True)
class SweepPosition:
    """Where a sweep stopped; without `after` it came to its end and rests until `not_before`."""

    after: VersionPosition | None
    not_before: datetime
