"""Turning objects that were dropped into the ingest bucket into images.

The owner is named by the object's key, `ingest/{owner}/…`, so whoever may write that bucket may act for any owner.
Ingested images are private. Events come at least once and out of order: bucket, key and version of an object make
its idempotency key, so an object becomes one image however often it is announced.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from image_store.domain.attributes import MAX_FILENAME_CHARS, Attributes
from image_store.domain.errors import InvalidRequest, PayloadTooLarge
from image_store.domain.image import Record
from image_store.domain.reservation import IdempotencyKey
from image_store.ports import ObjectMissing, ObjectStore
from image_store.services.sources import Content
from image_store.services.uploads import Upload, Uploads

INGEST_PREFIX = "ingest/"
MAX_INGEST_BYTES = 100 * 1024 * 1024
MAX_OWNER_CHARS = 255


@dataclass(frozen=True, slots=True)
class DroppedObject:
    """An object as its event describes it; `key` is decoded already."""

    bucket: str
    key: str
    version: str | None
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingestion:
    """Reads dropped objects and stores them."""

    bucket: ObjectStore
    uploads: Uploads

    def ingest(self, dropped: DroppedObject, *, until: datetime) -> Record | None:
        """Store an object for the owner its key names; None when the object is gone again.

        Gives up at `until`, safe to repeat.

        Raises what `Uploads.accept` raises; whatever is not a fault of the stores is final.
        """
        owner, filename = _named(dropped.key)
        if dropped.size_bytes > MAX_INGEST_BYTES:
            raise PayloadTooLarge("The object is larger than 100 MB.")
        try:
            data = self.bucket.get(dropped.key, version=dropped.version, max_bytes=MAX_INGEST_BYTES)
        except ObjectMissing:
            return None
        name = "\0".join((dropped.bucket, dropped.key, dropped.version or ""))
        return self.uploads.accept(
            Upload(
                owner=owner,
                source=Content(data),
                attributes=Attributes(filename=filename),
                until=until,
                idempotency=IdempotencyKey(
                    name=hashlib.sha256(f"ingest\0{name}".encode()).hexdigest(),
                    fingerprint=hashlib.sha256(data).hexdigest(),
                ),
            )
        )


def _named(key: str) -> tuple[str, str]:
    owner, slash, rest = key.removeprefix(INGEST_PREFIX).partition("/")
    owner = unquote(owner)
    filename = rest.rpartition("/")[2]
    if not key.startswith(INGEST_PREFIX) or not slash or not owner or not filename:
        raise InvalidRequest("The key of an ingested object has the form ingest/{owner}/{file name}.")
    if len(owner) > MAX_OWNER_CHARS or not owner.isprintable():
        raise InvalidRequest("The owner in the key is too long or holds control characters.")
    return owner, "".join(char for char in filename if char.isprintable())[:MAX_FILENAME_CHARS] or "image"
