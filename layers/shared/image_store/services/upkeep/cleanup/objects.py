"""Sweeps the two buckets for orphans, in the order of their keys and in slices."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import Protocol

from image_store.domain.deadlines import is_too_far_ahead
from image_store.domain.delivery.publication import PublicationRow, publication_of
from image_store.domain.ids import is_image_id
from image_store.domain.images.image import STAGING_PREFIX, TRANSFORMS_PREFIX, ImageRecord, State
from image_store.domain.images.reservation import LONGEST_RESERVATION, RESERVATION_LIFETIME
from image_store.domain.upkeep.cleanup import CleanupReport
from image_store.ports.delivery import PublicationRows
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectStore, StoredObject
from image_store.ports.system import Clock

PAGE_OBJECTS = 500
STAGING_LIFETIME = timedelta(days=1)
_ATTEMPT = re.compile(r"[0-9a-f]{16}")
_TRY = re.compile(r".+-[0-9a-f]{16}\.[a-z]+")
"""Objects with any other name were not put by this store."""


class OrphanFinder(Protocol):
    """Finds the orphans of a page: objects that belong to no record or publication."""

    def orphans(self, page: Sequence[StoredObject], report: CleanupReport) -> list[StoredObject]:
        """The orphans among these objects, whatever their age; counts unknown keys."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateObjects:
    """Originals, renditions and staged bytes: their keys end in `{image id}/{attempt}/{file}`."""

    repository: ImageRepository
    clock: Clock

    def orphans(self, page: Sequence[StoredObject], report: CleanupReport) -> list[StoredObject]:
        candidates = [
            stored for stored in page if not self._is_overdue(stored) and not self._may_be_committed(stored)
        ]
        return self._without_record(candidates, report)

    def abandoned_uploads(self, page: Sequence[StoredObject], report: CleanupReport) -> list[StoredObject]:
        """Staged objects that are older than any upload takes and have no record; `orphans` leaves them out."""
        return self._without_record([stored for stored in page if self._is_overdue(stored)], report)

    def _is_overdue(self, stored: StoredObject) -> bool:
        lifetime_began = self.clock.now() - STAGING_LIFETIME
        return stored.key.startswith(STAGING_PREFIX) and stored.modified_at < lifetime_began

    def _may_be_committed(self, stored: StoredObject) -> bool:
        """Whether a record may still commit this object; then not even a sweep without a grace removes it."""
        began = self.clock.now() - RESERVATION_LIFETIME
        return stored.modified_at >= began and _TRY.fullmatch(stored.key.rpartition("/")[2]) is not None

    def _without_record(self, page: Sequence[StoredObject], report: CleanupReport) -> list[StoredObject]:
        ids = [(stored, image_id_of(stored.key)) for stored in page]
        report.unknown += sum(image_id is None for _, image_id in ids)
        images = self.repository.get_records({image_id for _, image_id in ids if image_id is not None})
        # A record that cannot be read may name any of its objects.
        report.leave(*images.unreadable)
        return [
            stored
            for stored, image_id in ids
            if image_id is not None
            and image_id not in images.unreadable
            and not _belongs(stored.key, images.get(image_id))
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicObjects:
    """Copies: their keys are `p/{publication}/{file}`. Objects of a due row are left to `due`."""

    publications: PublicationRows
    clock: Clock

    def orphans(self, page: Sequence[StoredObject], report: CleanupReport) -> list[StoredObject]:
        names = [(stored, publication_of(stored.key)) for stored in page]
        report.unknown += sum(name is None for _, name in names)
        rows = self.publications.publications({name for _, name in names if name is not None})
        now = self.clock.now()
        return [
            stored
            for stored, name in names
            if name is not None and (name not in rows or _has_impossible_deadline(rows[name], now))
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSlice:
    """The orphans that a sweep stored between two keys."""

    orphans: list[StoredObject]
    after: str | None
    """The last key that was examined; None at the end of the bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSweep:
    """Sweeps one bucket."""

    name: str
    bucket: ObjectStore
    finder: OrphanFinder
    delete: Callable[[Sequence[str]], None]
    """Removes keys from the bucket."""
    grace: timedelta
    clock: Clock

    def look(
        self, report: CleanupReport, *, after: str, at_most: int, orphans_at_most: int, until: datetime
    ) -> ObjectSlice:
        """Examine about `at_most` objects after a key; stops early if it finds too many orphans."""
        oldest = self.clock.now() - self.grace
        orphans: list[StoredObject] = []
        looked = 0
        for page in batched(self.bucket.list("", after=after or None), PAGE_OBJECTS, strict=False):
            old = [stored for stored in page if stored.modified_at < oldest]
            orphans += self.finder.orphans(old, report)
            looked += len(page)
            report.examined += len(page)
            after = page[-1].key
            if looked >= at_most or len(orphans) > orphans_at_most or self.clock.now() >= until:
                return ObjectSlice(orphans=orphans, after=after)
        return ObjectSlice(orphans=orphans, after=None)

    def remove(self, orphans: Collection[StoredObject], report: CleanupReport) -> None:
        """Remove orphans."""
        if not orphans:
            return
        self.delete([stored.key for stored in orphans])
        self.count(orphans, report)

    def count(self, orphans: Collection[StoredObject], report: CleanupReport) -> None:
        """Count orphans as removed."""
        report.orphans += len(orphans)
        report.bytes_freed += sum(stored.size_bytes for stored in orphans)


def _has_impossible_deadline(row: PublicationRow, now: datetime) -> bool:
    return row.due_at is not None and is_too_far_ahead(row.due_at, now, longest=LONGEST_RESERVATION)


def image_id_of(key: str) -> str | None:
    """The image in the last three segments of a private key, after any folder."""
    match key.split("/"):
        case [*_, image_id, attempt, file] if is_image_id(image_id) and _ATTEMPT.fullmatch(attempt) and file:
            return image_id
    return None


def _belongs(key: str, record: ImageRecord | None) -> bool:
    """Whether an object belongs to an image; every object of an image that is being stored or deleted does."""
    if record is None:
        return False
    if record.state in {State.PENDING, State.DELETING, State.TOMBSTONE}:
        return True
    if key.startswith(TRANSFORMS_PREFIX):
        return key.startswith(record.transform_key(""))
    return key in record.private_keys
