"""Stores objects from the ingest bucket as images.

The object's key names the owner, `ingest/{owner}/…`, so everyone who may write that bucket may act for any owner.
Ingested images are private. Events arrive at least once and out of order. Bucket, key and version of an object form
its idempotency key, which lives longer than the object, so repeated events make one image. A note of a refusal lives
as long, so that the sweep for lost events skips the object; a repeated event tries it again.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from image_store.domain.callers.actor import is_owner
from image_store.domain.errors import ImageNotFound, InvalidRequest, PayloadTooLarge
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.filenames import clean_filename
from image_store.domain.images.image import Image
from image_store.domain.images.ingest import INGEST_PREFIX, RESULT_LIFETIME, DroppedObject
from image_store.domain.images.media import MAX_BYTES
from image_store.domain.images.reservation import IdempotencyKey
from image_store.ports.images import IngestNotes
from image_store.ports.objects import ObjectMissing, ObjectStore
from image_store.ports.queues import DeadLetters
from image_store.ports.system import Clock
from image_store.services.images.sources import Content
from image_store.services.images.uploads import Upload, Uploads


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingestion:
    """Stores dropped objects."""

    bucket: ObjectStore
    notes: IngestNotes
    dead_letters: DeadLetters
    uploads: Uploads
    clock: Clock
    max_bytes: int = MAX_BYTES

    def ingest(self, dropped: DroppedObject, *, until: datetime) -> Image | None:
        """Store an object for the owner in its key; None if the object is gone, or its image was deleted.

        Safe to repeat. Raises DeadlineExceeded at `until`, and what `Uploads.accept` raises; only errors of the stores
        justify a retry.
        """
        owner, filename = _owner_and_filename(dropped.key)
        if dropped.size_bytes > self.max_bytes:
            raise PayloadTooLarge(f"The object has more than {self.max_bytes:,} bytes.")
        try:
            data = self.bucket.get(dropped.key, version=dropped.version, max_bytes=self.max_bytes)
        except ObjectMissing:
            return None
        upload = Upload(
            owner=owner,
            source=Content(data),
            attributes=Attributes(filename=filename),
            until=until,
            idempotency=IdempotencyKey(
                name=dropped.name,
                fingerprint=hashlib.sha256(data).hexdigest(),
                lifetime=RESULT_LIFETIME,
            ),
        )
        try:
            return self.uploads.accept(upload)
        except ImageNotFound:
            return None

    def refuse(self, dropped: DroppedObject) -> None:
        """Note that an object was refused."""
        self.notes.note(dropped.name, what="refused", expires_at=self.clock.now() + RESULT_LIFETIME)

    def set_aside(self, message: str, *, reason: str) -> None:
        """Move a message that can never succeed to the dead-letter queue, unchanged and with its reason."""
        self.dead_letters.send(message, reason=reason)


def _owner_and_filename(key: str) -> tuple[str, str]:
    owner, slash, rest = key.removeprefix(INGEST_PREFIX).partition("/")
    owner = unquote(owner)
    filename = rest.rpartition("/")[2]
    if not key.startswith(INGEST_PREFIX) or not slash or not owner or not filename:
        raise InvalidRequest("The key of an ingested object has the form ingest/{owner}/{file name}.")
    if not is_owner(owner):
        raise InvalidRequest("The owner in the key is too long or holds control characters.")
    return owner, clean_filename(filename) or "image"
