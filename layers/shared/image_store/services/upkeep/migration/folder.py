"""Reads records from objects, one in each: raw bytes, or base64 or a data URI as text."""

from collections.abc import Iterator
from dataclasses import dataclass

from image_store.domain.errors import PayloadTooLarge
from image_store.domain.images.filenames import clean_filename
from image_store.domain.upkeep.migration import (
    MAX_OBJECT_BYTES,
    CountedRecords,
    RecordError,
    SourceRecord,
    SourceStep,
)
from image_store.ports.objects import ObjectMissing, ObjectStore
from image_store.ports.upkeep import MigrationSource


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSource(MigrationSource):
    """MigrationSource on the objects below a prefix; a position is a key."""

    bucket: ObjectStore
    prefix: str

    def count(self, after: str | None) -> Iterator[CountedRecords]:
        for stored in self.bucket.list(self.prefix, after=after):
            yield CountedRecords(stored.key, int(_is_record(stored.key)))

    def steps(self, after: str | None) -> Iterator[SourceStep]:
        for stored in self.bucket.list(self.prefix, after=after):
            yield SourceStep(stored.key, self._record(stored.key))

    def find(self, record_id: str) -> SourceRecord | None:
        if not record_id.startswith(self.prefix) or not _is_record(record_id):
            return None
        return self._read(record_id)

    def write_back(self, position: str, image: bytes | str, image_id: str) -> bool:
        return True

    def _record(self, key: str) -> SourceRecord | RecordError | None:
        if not _is_record(key):
            return None
        try:
            return self._read(key)
        except PayloadTooLarge as error:
            return RecordError.of(key, error.code, error.message)

    def _read(self, key: str) -> SourceRecord | None:
        try:
            data = self.bucket.get(key, max_bytes=MAX_OBJECT_BYTES)
        except ObjectMissing:
            return None
        return SourceRecord(place=key, id=key, image=data, filename=clean_filename(key))


def _is_record(key: str) -> bool:
    """Whether an object is a record; consoles create objects that only represent folders."""
    return not key.endswith("/")
