"""Turning objects that were dropped into the ingest bucket into images.

The owner is named by the object's key, `ingest/{owner}/…`, so whoever may write that bucket may act for any owner.
Ingested images are private. Events come at least once and out of order: bucket, key and version of an object make
its idempotency key, which is kept for longer than the object, so that it becomes one image however often it is
announced. What is refused is noted for as long, for the sweep that looks for lost events: it is no reason not to try
an object again when somebody asks for that.
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
from image_store.ports.system import Clock
from image_store.services.images.sources import Content
from image_store.services.images.uploads import Upload, Uploads


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingestion:
    """Reads dropped objects and stores them."""

    bucket: ObjectStore
    notes: IngestNotes
    uploads: Uploads
    clock: Clock
    max_bytes: int = MAX_BYTES

    def ingest(self, dropped: DroppedObject, *, until: datetime) -> Image | None:
        """Store an object for the owner its key names; None when it is gone again, or its image was deleted since.

        Gives up at `until`, safe to repeat.

        Raises what `Uploads.accept` raises; whatever is not a fault of the stores is final.
        """
        owner, filename = _named(dropped.key)
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
        """Note that an object can never become an image, as far as is known now."""
        self.notes.note(dropped.name, what="refused", expires_at=self.clock.now() + RESULT_LIFETIME)


def _named(key: str) -> tuple[str, str]:
    owner, slash, rest = key.removeprefix(INGEST_PREFIX).partition("/")
    owner = unquote(owner)
    filename = rest.rpartition("/")[2]
    if not key.startswith(INGEST_PREFIX) or not slash or not owner or not filename:
        raise InvalidRequest("The key of an ingested object has the form ingest/{owner}/{file name}.")
    if not is_owner(owner):
        raise InvalidRequest("The owner in the key is too long or holds control characters.")
    return owner, clean_filename(filename) or "image"
