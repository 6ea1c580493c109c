"""Migrations: move pictures out of existing records, where they are base64 or data URIs, into the store."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from image_store.domain.images.media import MAX_BYTES

MAX_LINE_BYTES = 8 * 1024 * 1024
MAX_OBJECT_BYTES = MAX_BYTES
DEFAULT_BATCH_SIZE = 10
KEPT_ERRORS = 50
REMEMBERED = timedelta(days=3650)
"""How long the store remembers that a record was moved."""

_MAX_RECORD_CHARS = 200
_MAX_DETAIL_CHARS = 300
_MAX_ID_CHARS = 2048


class MigrationStatus(StrEnum):
    """The status of a migration."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    """All records were examined; some may have failed."""
    FAILED = "failed"
    """The source could not be read to its end; the last error says why."""


RUNNING = frozenset({MigrationStatus.QUEUED, MigrationStatus.RUNNING})


@dataclass(frozen=True, slots=True)
class FieldNames:
    """The names of the fields of a record."""

    image: str = "image"
    id: str = "id"
    owner: str = "owner"
    attributes: str = "attributes"


@dataclass(frozen=True, slots=True)
class JsonLines:
    """An object of the ingest bucket with a JSON object on each line."""

    key: str


@dataclass(frozen=True, slots=True)
class Folder:
    """The objects of the ingest bucket below a prefix; the id of a record is the key of its object."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Table:
    """An attribute of a DynamoDB table.

    Without `id_attribute` the id of a record is its primary key: the value, or both values as a JSON array.
    """

    name: str
    attribute: str
    id_attribute: str | None = None


@dataclass(frozen=True, slots=True)
class OneRecord:
    """A record in the request itself; the migration does not store its picture."""

    id: str
    owner: str


SourceLocation = JsonLines | Folder | Table | OneRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to read a source, and what to do with its records."""

    fields: FieldNames = FieldNames()
    owner: str | None = None
    """The owner of all images; None if each record names its owner."""
    batch_size: int = DEFAULT_BATCH_SIZE
    write_back: bool = False
    """Whether to write the ids of the images into the records of the table."""


@dataclass(frozen=True, slots=True)
class RecordError:
    """Why a record, or the rest of a source, was not moved; never contains the picture."""

    record: str
    """The place of the record in its source: its line, key or id."""
    code: str
    detail: str
    record_id: str | None = None
    """The id of the record, where it could be read."""

    @classmethod
    def of(cls, record: str, code: str, detail: str, *, record_id: str | None = None) -> "RecordError":
        """An error with shortened texts."""
        short_id = None if record_id is None else record_id[:_MAX_RECORD_CHARS]
        return cls(record[:_MAX_RECORD_CHARS], code, detail[:_MAX_DETAIL_CHARS], short_id)


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A record of a source."""

    place: str
    """Where it is in its source, for errors."""
    id: str
    image: bytes | str
    """Raw bytes, or base64 or a data URI as text or as bytes."""
    owner: str | None = None
    attributes: Any = None
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class MigratedRecord:
    """A moved record and its image."""

    record_id: str
    image_id: str
    picture: str
    """The `picture_name` of the record, the same in every source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigratedPage:
    """Some of the records of a migration with their images."""

    records: tuple[MigratedRecord, ...]
    after: str | None
    """Where the next page begins; None at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationTotals:
    """Numbers of records of all sources, by the outcome of the last migration of each source."""

    moved: int = 0
    left: int = 0
    """Not examined yet; a source that is still being counted adds nothing."""
    failed: int = 0

    def __add__(self, other: "MigrationTotals") -> "MigrationTotals":
        return MigrationTotals(
            moved=self.moved + other.moved, left=self.left + other.left, failed=self.failed + other.failed
        )


@dataclass(frozen=True, slots=True)
class SourceStep:
    """One step through a source."""

    position: str
    """Where to continue after it; only its source understands it."""
    record: SourceRecord | RecordError | None
    """The record, or why it cannot be read; None for a place without a record."""


@dataclass(frozen=True, slots=True)
class CountedRecords:
    """The number of records since the last count, up to a position."""

    position: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationTally:
    """The outcomes of records, counted."""

    moved: int = 0
    already_moved: int = 0
    failed: int = 0
    errors: tuple[RecordError, ...] = ()

    @property
    def seen(self) -> int:
        """The number of all these records."""
        return self.moved + self.already_moved + self.failed

    def with_moved(self) -> "MigrationTally":
        """The tally after one more record was moved."""
        return replace(self, moved=self.moved + 1)

    def with_already_moved(self) -> "MigrationTally":
        """The tally after one more record that had been moved before."""
        return replace(self, already_moved=self.already_moved + 1)

    def with_failed(self, error: RecordError) -> "MigrationTally":
        """The tally after one more record that cannot be moved."""
        return replace(self, failed=self.failed + 1, errors=self._errors_with(error))

    def with_error(self, error: RecordError) -> "MigrationTally":
        """The tally with an error that belongs to no record."""
        return replace(self, errors=self._errors_with(error))

    def _errors_with(self, error: RecordError) -> tuple[RecordError, ...]:
        return (*self.errors, error)[-KEPT_ERRORS:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A migration as it is stored."""

    id: str
    source: SourceLocation
    options: Options
    created_at: datetime
    updated_at: datetime
    status: MigrationStatus = MigrationStatus.QUEUED
    step: int = 1
    """The fencing number: only work that carries it is done, and every save raises it."""
    counted: int = 0
    total: int | None = None
    """None while the source is being counted."""
    position: str | None = None
    tally: MigrationTally = MigrationTally()
    finished_at: datetime | None = None

    @property
    def left(self) -> int | None:
        """The number of records that are not examined yet; None while it is unknown."""
        return None if self.total is None else max(0, self.total - self.tally.seen)


def identity(source: SourceLocation, bucket: str) -> tuple[str, ...]:
    """The parts by which two migrations recognise the same record: its origin, and not the request.

    A folder adds no part, because the id of its record is a key: overlapping folders move an object once.
    """
    match source:
        case JsonLines():
            return ("jsonl", bucket, source.key)
        case Folder():
            return ("folder", bucket)
        case Table():
            return ("table", source.name, source.attribute)
        case OneRecord():
            return ("record", source.owner)


def record_name(source: SourceLocation, bucket: str, record_id: str) -> str:
    """The name under which the store remembers that a record was moved; a digest."""
    parts = ("migration", *identity(source, bucket), record_id)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def picture_name(owner: str, record_id: str, sha256: str) -> str:
    """Identifies the same record in different sources by owner, id and bytes; a digest."""
    return hashlib.sha256(json.dumps(("picture", owner, record_id, sha256)).encode()).hexdigest()


def source_name(source: SourceLocation) -> str:
    """Identifies the same source in different migrations; a digest."""
    parts = (type(source).__name__, asdict(source))
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def record_of(value: Any, names: FieldNames, *, place: str) -> SourceRecord | RecordError:
    """The record in a decoded JSON value."""
    if not isinstance(value, dict):
        return _bad(place, "The record is not a JSON object.")
    record_id, image = value.get(names.id), value.get(names.image)
    owner = value.get(names.owner)
    if isinstance(record_id, int) and not isinstance(record_id, bool):
        record_id = str(record_id)
    if not isinstance(record_id, str) or not 1 <= len(record_id) <= _MAX_ID_CHARS:
        return _bad(place, f"The field {names.id!r} must hold a text of 1 to {_MAX_ID_CHARS} characters.")
    if not isinstance(image, str | bytes) or not image:
        return _bad(place, f"The field {names.image!r} must hold base64 or a data URI.", record_id)
    if owner is not None and not isinstance(owner, str):
        return _bad(place, f"The field {names.owner!r} must hold a text.", record_id)
    return SourceRecord(place, record_id, image, owner, value.get(names.attributes))


def _bad(place: str, detail: str, record_id: str | None = None) -> RecordError:
    return RecordError.of(place, "invalid_request", detail, record_id=record_id)
