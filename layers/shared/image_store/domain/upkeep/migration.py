"""Migrations: pictures that live as base64 or data URIs in existing records, and how far they have been moved."""

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
"""For how long a record is known to have been moved."""

_MAX_RECORD_CHARS = 200
_MAX_DETAIL_CHARS = 300
_MAX_ID_CHARS = 2048


class MigrationStatus(StrEnum):
    """How far a migration has come."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    """Every record was looked at; some may have failed."""
    FAILED = "failed"
    """The source could not be read to its end; the last error says why."""


RUNNING = frozenset({MigrationStatus.QUEUED, MigrationStatus.RUNNING})


@dataclass(frozen=True, slots=True)
class FieldNames:
    """What the fields of a record are called."""

    image: str = "image"
    id: str = "id"
    owner: str = "owner"
    attributes: str = "attributes"


@dataclass(frozen=True, slots=True)
class JsonLines:
    """An object of the ingest bucket with a JSON object in each line."""

    key: str


@dataclass(frozen=True, slots=True)
class Folder:
    """The objects of the ingest bucket below a prefix; the id of a record is the key of its object."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Table:
    """An attribute of a DynamoDB table.

    Without `id_attribute` a record is named by its primary key: its value, or both values as a JSON array.
    """

    name: str
    attribute: str
    id_attribute: str | None = None


@dataclass(frozen=True, slots=True)
class OneRecord:
    """A record that came with the request; its picture is not kept with the migration."""

    id: str
    owner: str


SourceLocation = JsonLines | Folder | Table | OneRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a source is to be understood, and what is to be done with it."""

    fields: FieldNames = FieldNames()
    owner: str | None = None
    """Whose all the images are; None when each record says so."""
    batch_size: int = DEFAULT_BATCH_SIZE
    write_back: bool = False
    """Whether the ids of the images are written into the table's records."""


@dataclass(frozen=True, slots=True)
class RecordError:
    """Why a record, or the rest of a source, was not moved; never with its picture."""

    record: str
    """Where the record stands in its source: its line, key or id."""
    code: str
    detail: str
    record_id: str | None = None
    """The id of the record, where it could be read."""

    @classmethod
    def of(cls, record: str, code: str, detail: str, *, record_id: str | None = None) -> "RecordError":
        """An error short enough to be kept."""
        shown = None if record_id is None else record_id[:_MAX_RECORD_CHARS]
        return cls(record[:_MAX_RECORD_CHARS], code, detail[:_MAX_DETAIL_CHARS], shown)


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A record as its source gives it."""

    place: str
    """Where it was found, for errors."""
    id: str
    image: bytes | str
    """Raw bytes, or base64 or a data URI as text or as bytes."""
    owner: str | None = None
    attributes: Any = None
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class MigratedRecord:
    """A record and the image that it became."""

    record_id: str
    image_id: str
    picture: str
    """The `picture_name` of the record: the same in every source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigratedPage:
    """Some of the records of a migration with their images."""

    records: tuple[MigratedRecord, ...]
    after: str | None
    """Where the next page begins; None at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationTotals:
    """Records of all sources, by what the last migration of each source has come to."""

    moved: int = 0
    left: int = 0
    """Not looked at yet; the records of a source that is still being counted are left out."""
    failed: int = 0

    def __add__(self, other: "MigrationTotals") -> "MigrationTotals":
        return MigrationTotals(
            moved=self.moved + other.moved, left=self.left + other.left, failed=self.failed + other.failed
        )


@dataclass(frozen=True, slots=True)
class SourceStep:
    """One step through a source: to a record, to one that cannot be understood, or past nothing."""

    position: str
    """Where to go on behind it; means something to its source alone."""
    found: SourceRecord | RecordError | None


@dataclass(frozen=True, slots=True)
class CountedRecords:
    """So many more records up to a position."""

    position: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationTally:
    """What became of records."""

    moved: int = 0
    already_moved: int = 0
    failed: int = 0
    errors: tuple[RecordError, ...] = ()

    @property
    def seen(self) -> int:
        """How many records that is."""
        return self.moved + self.already_moved + self.failed

    def with_moved(self) -> "MigrationTally":
        """One more that was moved."""
        return replace(self, moved=self.moved + 1)

    def with_already_moved(self) -> "MigrationTally":
        """One more that had been moved before."""
        return replace(self, already_moved=self.already_moved + 1)

    def with_failed(self, error: RecordError) -> "MigrationTally":
        """One more that cannot be moved as it is."""
        return replace(self, failed=self.failed + 1, errors=self._errors_with(error))

    def with_error(self, error: RecordError) -> "MigrationTally":
        """The same with an error that is no record's."""
        return replace(self, errors=self._errors_with(error))

    def _errors_with(self, error: RecordError) -> tuple[RecordError, ...]:
        return (*self.errors, error)[-KEPT_ERRORS:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A migration as it is remembered."""

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
        """How many records have not been looked at; None while that is not known."""
        return None if self.total is None else max(0, self.total - self.tally.seen)


def identity(source: SourceLocation, bucket: str) -> tuple[str, ...]:
    """What makes records of two migrations the same: the place they come from, and not the request.

    A folder adds nothing, as the id of its record is a key already: overlapping folders move an object once.
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
    """The name under which it is remembered that a record was moved: a digest."""
    parts = ("migration", *identity(source, bucket), record_id)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def picture_name(owner: str, record_id: str, sha256: str) -> str:
    """What makes records of any two sources one: owner, id and bytes; a digest."""
    return hashlib.sha256(json.dumps(("picture", owner, record_id, sha256)).encode()).hexdigest()


def source_name(source: SourceLocation) -> str:
    """What makes the sources of two migrations of a deployment one; a digest."""
    parts = (type(source).__name__, asdict(source))
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def record_of(value: Any, names: FieldNames, *, place: str) -> SourceRecord | RecordError:
    """The record that a decoded JSON value is."""
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
