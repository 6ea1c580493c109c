"""Moving one record: its picture becomes an image of its owner's, once."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from image_store.domain.attributes import Attributes, OnDuplicate
from image_store.domain.errors import (
    RETRYABLE,
    IdempotencyMismatch,
    ImageNotFound,
    ImageStoreError,
    InvalidRequest,
    SourceUnreadable,
)
from image_store.domain.image import Image
from image_store.domain.media import sniff
from image_store.domain.migration import (
    REMEMBERED,
    Migration,
    RecordError,
    SourceRecord,
    Step,
    Tally,
    record_name,
)
from image_store.domain.reservation import IdempotencyKey
from image_store.ports.migrations import MigrationSource
from image_store.services.ingestion import MAX_OWNER_CHARS
from image_store.services.sources import Content, in_base64, in_data_uri, is_data_uri
from image_store.services.uploads import Upload, Uploads

_NOT_OF_THE_RECORD: tuple[type[ImageStoreError], ...] = (*RETRYABLE, SourceUnreadable)

AttributesOf = Callable[[Any, str], Attributes]
"""What is said about the image of a record, from its decoded JSON and the record's id; raises as an upload's does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """Moves records, and counts what became of them."""

    bucket_name: str
    uploads: Uploads
    attributes_of: AttributesOf

    def tallied(
        self,
        migration: Migration,
        source: MigrationSource | None,
        step: Step,
        stored: set[str],
        *,
        until: datetime,
    ) -> Tally:
        """The migration's tally after a step; `stored` are the images of this batch, and takes the new one in.

        Safe to repeat. Raises what may go better later, and SourceUnreadable.
        """
        tally, record = migration.tally, step.found
        if record is None:
            return tally
        if isinstance(record, RecordError):
            return tally.with_failed(record)
        try:
            image = self._stored(migration, record, until)
            if image is not None and source is not None and migration.options.write_back:
                _write_back(source, step.position, record, image)
        except _NOT_OF_THE_RECORD:
            raise
        except ImageStoreError as error:
            return tally.with_failed(RecordError.of(record.place, error.code, _detail(error)))
        # What was made since the last save was made by this batch, or by a worker that died over it.
        if image is None or image.id in stored or image.created_at < migration.updated_at:
            return tally.with_already_moved()
        stored.add(image.id)
        return tally.with_moved()

    def _stored(self, migration: Migration, record: SourceRecord, until: datetime) -> Image | None:
        """The image of a record, stored now or before; None when it was deleted since."""
        content = content_of(record)
        owner = _owner(migration.options.owner or record.owner)
        attributes = self.attributes_of(record.attributes, record.id)
        if attributes.on_duplicate is not OnDuplicate.KEEP:
            raise InvalidRequest("on_duplicate must be keep: each record becomes an image of its own.")
        if attributes.filename is None:
            attributes = replace(attributes, filename=record.filename)
        key = IdempotencyKey(
            name=record_name(migration.source, self.bucket_name, record.id),
            fingerprint=hashlib.sha256(content.data).hexdigest(),
            lifetime=REMEMBERED,
        )
        try:
            return self.uploads.accept(Upload(owner, content, attributes, until, key)).image
        except ImageNotFound:
            return None
        except IdempotencyMismatch:
            raise IdempotencyMismatch("Another picture was moved for this record before.") from None


def content_of(record: SourceRecord) -> Content:
    """The bytes of a record's picture; InvalidRequest when they cannot be decoded."""
    content = _content(record.image)
    if not content.data:
        raise InvalidRequest("There are no bytes in this record's picture.")
    return content


def _content(image: bytes | str) -> Content:
    if isinstance(image, bytes):
        if sniff(image) is not None:
            return Content(image)
        try:
            text = image.decode("utf-8-sig").strip()
        except UnicodeDecodeError:
            return Content(image)  # whoever decodes it says that it is no picture
    else:
        text = image.strip()
    return in_data_uri(text) if is_data_uri(text) else in_base64(text)


def _owner(owner: str | None) -> str:
    if not owner or len(owner) > MAX_OWNER_CHARS or not owner.isprintable():
        raise InvalidRequest("The owner is missing, longer than 255 characters, or not printable.")
    return owner


def _write_back(source: MigrationSource, position: str, record: SourceRecord, image: Image) -> None:
    if not source.write_back(position, record.image, image.id):
        raise InvalidRequest("The image is stored, but the record's picture was changed while it was moved.")


def _detail(error: ImageStoreError) -> str:
    if isinstance(error, InvalidRequest) and error.errors:
        return "; ".join(f"{'.'.join(map(str, loc))}: {text}" for loc, _, text in error.errors)
    return error.message
