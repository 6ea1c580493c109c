"""Copies originals into the backup.

The backup is at another vendor as a rule, so the bytes pass through memory: at most `MOST_BYTES` of several originals
at a time, or one larger original, which has at most 100 MiB.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from image_store.domain.backup.jobs import BackupError
from image_store.domain.backup.lines import BackupObject, image_entity
from image_store.domain.errors import DeadlineExceeded, PayloadTooLarge
from image_store.domain.images.image import ImageRecord
from image_store.ports.objects import ObjectMissing, ObjectStore, StoredObject
from image_store.services.backup.library import BackupLibrary
from image_store.services.delivery.publishing import PRIVATE_CACHE_CONTROL
from image_store.services.images.write_protocol import facts_of

PARALLEL_COPIES = 8
MOST_BYTES = 128 * 1024 * 1024
_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class OriginalCopy:
    """The result for one original."""

    object: BackupObject | None
    """None if there is no correct copy."""
    is_new: bool = False
    error: BackupError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginalCopies:
    """Copies originals that the backup lacks, and compares each with the checksum of its record."""

    private: ObjectStore
    library: BackupLibrary
    now: Callable[[], datetime]

    def copy(self, records: Sequence[ImageRecord], *, until: datetime) -> dict[str, OriginalCopy]:
        """Copy the originals of these images; the results by image id. Safe to repeat.

        Sends one HEAD request for each image, and a GET and a PUT for each that the backup lacks. Raises
        StorageUnavailable if a store fails, and DeadlineExceeded.
        """
        copies: dict[str, OriginalCopy] = {}
        with ThreadPoolExecutor(PARALLEL_COPIES) as pool:
            for batch in _batches(records):
                if self.now() >= until:
                    raise DeadlineExceeded("The time of this run of the backup is over.")
                copies |= zip((record.id for record in batch), pool.map(self._copy, batch), strict=True)
        return copies

    def is_whole(self, copy: BackupObject, *, deep: bool) -> bool:
        """Whether the backup has this copy; with `deep`, all of its bytes are read."""
        key = self.library.object_key(copy.key)
        stored = self.library.store.head(key)
        if stored is None or not _matches(stored, copy.size_bytes, copy.sha256):
            return False
        md5 = _md5_of(stored)
        if md5 and copy.md5 and md5 != copy.md5:
            return False
        return not deep or self._read(self.library.store, key, copy.size_bytes, copy.sha256) is not None

    def _copy(self, record: ImageRecord) -> OriginalCopy:
        store, key = self.library.store, self.library.object_key(record.original_key)
        stored = store.head(key)
        if stored is not None and _matches(stored, record.size_bytes, record.sha256):
            return OriginalCopy(_object(record, _md5_of(stored)))
        data = self._read(self.private, record.original_key, record.size_bytes, record.sha256)
        if data is None:
            return OriginalCopy(None, error=_lost(record))
        if stored is not None:
            store.delete([key])  # it is not what the record names, and the correct bytes follow at once
        store.put(
            key,
            data,
            content_type=record.media_type,
            cache_control=PRIVATE_CACHE_CONTROL,
            metadata=facts_of(record),
        )
        return OriginalCopy(
            _object(record, hashlib.md5(data, usedforsecurity=False).hexdigest()), is_new=True
        )

    def _read(self, store: ObjectStore, key: str, size_bytes: int, sha256: str) -> bytes | None:
        """The bytes under a key; None if they are missing or not those of this checksum."""
        try:
            data = store.get(key, max_bytes=size_bytes)
        except (ObjectMissing, PayloadTooLarge):
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None


def _batches(records: Sequence[ImageRecord]) -> Iterator[list[ImageRecord]]:
    """Groups of records whose originals fit into memory together."""
    batch: list[ImageRecord] = []
    size = 0
    for record in records:
        if batch and size + record.size_bytes > MOST_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += record.size_bytes
    if batch:
        yield batch


def _matches(stored: StoredObject, size_bytes: int, sha256: str) -> bool:
    return stored.size_bytes == size_bytes and stored.sha256 == sha256


def _md5_of(stored: StoredObject) -> str:
    """The MD5 in an ETag; empty if the store makes ETags of something else."""
    etag = (stored.etag or "").strip('"').lower()
    return etag if _MD5.fullmatch(etag) else ""


def _object(record: ImageRecord, md5: str) -> BackupObject:
    return BackupObject(key=record.original_key, size_bytes=record.size_bytes, sha256=record.sha256, md5=md5)


def _lost(record: ImageRecord) -> BackupError:
    return BackupError(
        image_entity(record.id),
        "original_damaged",
        "The original is missing, or is not what its record says, and the backup has no copy.",
    )
