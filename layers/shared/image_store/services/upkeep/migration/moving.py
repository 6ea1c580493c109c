"""Moves one record: its picture becomes one image of its owner."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from image_store.domain.callers.actor import is_owner
from image_store.domain.errors import (
    RETRYABLE,
    IdempotencyMismatch,
    ImageNotFound,
    ImageStoreError,
    InvalidRequest,
    SourceUnreadable,
)
from image_store.domain.images.attributes import Attributes, OnDuplicate
from image_store.domain.images.image import ImageRecord
from image_store.domain.images.media import sniff
from image_store.domain.images.reservation import IdempotencyKey
from image_store.domain.upkeep.migration import (
    REMEMBERED,
    MigratedRecord,
    Migration,
    MigrationTally,
    RecordError,
    SourceRecord,
    SourceStep,
    picture_name,
    record_name,
)
from image_store.ports.images import ImageRepository
from image_store.ports.upkeep import Migrations, MigrationSource
from image_store.services.images.sources import Content, in_base64, in_data_uri, is_data_uri
from image_store.services.images.uploads import Upload, Uploads

_NOT_OF_THE_RECORD: tuple[type[ImageStoreError], ...] = (*RETRYABLE, SourceUnreadable)

AttributesOf = Callable[[Any, str], Attributes]
"""Returns the attributes of an image from the JSON and the id of its record; raises the errors of an upload."""


@dataclass(frozen=True, slots=True)
class MoveOutcome:
    """The outcome of a step."""

    tally: MigrationTally
    migrated: MigratedRecord | None = None
    """The record with its image; None if the step has no record, the record failed, or the image is deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """Moves records and counts the outcomes."""

    bucket_name: str
    migrations: Migrations
    repository: ImageRepository
    uploads: Uploads
    attributes_of: AttributesOf

    def move(
        self,
        migration: Migration,
        source: MigrationSource | None,
        step: SourceStep,
        stored: set[str],
        *,
        until: datetime,
    ) -> MoveOutcome:
        """Do a step: store the picture of its record, unless it is stored already.

        `stored` are the images of this batch; the new one is added. Safe to repeat. Raises retryable errors and
        SourceUnreadable.
        """
        tally, image = migration.tally, step.record
        if image is None:
            return MoveOutcome(tally)
        if isinstance(image, RecordError):
            return MoveOutcome(tally.with_failed(image))
        try:
            record, picture = self._stored(migration, image, until)
            if record is not None and source is not None and migration.options.write_back:
                _write_back(source, step.position, image, record)
        except _NOT_OF_THE_RECORD:
            raise
        except ImageStoreError as error:
            failure = RecordError.of(image.place, error.code, _detail(error), record_id=image.id)
            return MoveOutcome(tally.with_failed(failure))
        # An image that is newer than the last save is from this batch, or from a worker that failed in it.
        if record is None:
            return MoveOutcome(tally.with_already_moved())
        migrated = MigratedRecord(image.id, record.id, picture)
        if record.id in stored or record.stored_at < migration.updated_at:
            return MoveOutcome(tally.with_already_moved(), migrated)
        stored.add(record.id)
        return MoveOutcome(tally.with_moved(), migrated)

    def _stored(
        self, migration: Migration, image: SourceRecord, until: datetime
    ) -> tuple[ImageRecord | None, str]:
        """The image of a record, stored now or before, or None if it was deleted; and the name of its picture."""
        content = content_of(image)
        owner = _owner(migration.options.owner or image.owner)
        attributes = self.attributes_of(image.attributes, image.id)
        if attributes.on_duplicate is not OnDuplicate.KEEP:
            raise InvalidRequest("on_duplicate must be keep: each record becomes an image of its own.")
        if attributes.filename is None:
            attributes = replace(attributes, filename=image.filename)
        sha256 = hashlib.sha256(content.data).hexdigest()
        picture = picture_name(owner, image.id, sha256)
        # The record may have been moved from another source before: by itself, or in another file.
        if (image_id := self.migrations.image_of_picture(picture)) is not None:
            return self._image(image_id), picture
        key = IdempotencyKey(
            name=record_name(migration.source, self.bucket_name, image.id),
            fingerprint=sha256,
            lifetime=REMEMBERED,
        )
        try:
            return self.uploads.accept(Upload(owner, content, attributes, until, key)).record, picture
        except ImageNotFound:
            return None, picture
        except IdempotencyMismatch:
            raise IdempotencyMismatch("Another picture was moved for this record before.") from None

    def _image(self, image_id: str) -> ImageRecord | None:
        record = self.repository.get_record(image_id)
        return record if record is not None and record.is_visible else None


def content_of(image: SourceRecord) -> Content:
    """The bytes of a record's picture; InvalidRequest if they cannot be decoded."""
    content = _content(image.image)
    if not content.data:
        raise InvalidRequest("There are no bytes in this record's picture.")
    return content


def _content(record: bytes | str) -> Content:
    if isinstance(record, bytes):
        if sniff(record) is not None:
            return Content(record)
        try:
            text = record.decode("utf-8-sig").strip()
        except UnicodeDecodeError:
            return Content(record)  # the decoder raises an error with its own message
    else:
        text = record.strip()
    return in_data_uri(text) if is_data_uri(text) else in_base64(text)


def _owner(owner: str | None) -> str:
    if not owner or not is_owner(owner):
        raise InvalidRequest("The owner is missing, longer than 255 characters, or not printable.")
    return owner


def _write_back(source: MigrationSource, position: str, image: SourceRecord, record: ImageRecord) -> None:
    if not source.write_back(position, image.image, record.id):
        raise InvalidRequest("The image is stored, but the record's picture was changed while it was moved.")


def _detail(error: ImageStoreError) -> str:
    if isinstance(error, InvalidRequest) and error.errors:
        return "; ".join(f"{'.'.join(map(str, loc))}: {text}" for loc, _, text in error.errors)
    return error.message
