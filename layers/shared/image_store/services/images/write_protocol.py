"""The write protocol: how bytes and record become one image, or nothing.

1. Reserve. The record is written PENDING with its attempt and a deadline, together with the owner's quota where there
   is one, the guard of the checksum, the idempotency key and, for a published image, the publication that is about
   to be copied: one transaction. Nothing is visible yet.
2. Put. Original, renditions and public copies are written in parallel to keys that carry the attempt (or the
   publication) and are refused if they exist. Repeating a put is harmless.
3. Commit. One conditional transaction takes PENDING of this attempt to READY. Only now do index keys, group rows
   and the checksum row appear. An answer that is lost is settled by a strong read: READY by this change = stored.

What each failure leaves behind:

- before 1: nothing.
- after 1 or 2: a PENDING record and perhaps objects. Cleanup takes the record to DELETING once its deadline has
  passed; from then on the commit cannot succeed. Then the objects go, then the record.
- after 3: a stored image, whether or not the caller heard of it; with an Idempotency-Key a repeat returns it.

Objects are never deleted here, not even when a put fails: after a lost answer they may be those of a committed image.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.delivery.publication import PublicationRow
from image_store.domain.errors import Conflict, DeadlineExceeded
from image_store.domain.images.image import Image, ImageRecord, State, public_key
from image_store.domain.images.processing import RenderedFile
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import (
    IDEMPOTENCY_LIFETIME,
    RESERVATION_LIFETIME,
    IdempotencyKey,
    Reservation,
)
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectMissing, ObjectStore
from image_store.ports.system import Clock, Ids
from image_store.services.delivery.publishing import PRIVATE_CACHE_CONTROL, Publisher

PARALLEL_PUTS = 8

Put = Callable[[], None]
"""One object on its way; safe to repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteProtocol:
    """Takes an image through the three steps; what to store is its callers' business."""

    repository: ImageRepository
    private: ObjectStore
    publisher: Publisher
    clock: Clock
    ids: Ids
    quota: Quota

    # 1. Reserve ---------------------------------------------------------------------------------------

    def reserve(self, pending: Image, idempotency: IdempotencyKey | None) -> None:
        """Write a PENDING record and take what belongs to it.

        Raises QuotaExceeded, or Conflict when another holds the guard or the idempotency key.
        """
        lifetime = idempotency.lifetime if idempotency is not None else IDEMPOTENCY_LIFETIME
        expires_at = pending.record.created_at + lifetime
        reservation = Reservation(pending, self.quota, idempotency, self.intended(pending.record), expires_at)
        self.repository.reserve(reservation)

    def intended(self, record: ImageRecord) -> PublicationRow | None:
        """The row that removes the copies of a publication that was intended and never committed."""
        if record.intent is None:
            return None
        due_at = record.due_at or self.clock.now() + RESERVATION_LIFETIME
        return PublicationRow(record.intent, record.id, record.public_keys(record.intent), due_at)

    # 2. Put -------------------------------------------------------------------------------------------

    def put_original(self, record: ImageRecord, data: bytes) -> Put:
        """The original from bytes in hand."""
        return lambda: self.private.put(
            record.original_key,
            data,
            content_type=record.media_type,
            cache_control=PRIVATE_CACHE_CONTROL,
            metadata=facts_of(record),
        )

    def copy_staged(self, record: ImageRecord, staging_key: str, etag: str) -> Put:
        """The original from staging: no bytes pass through here, and none but those that `etag` names."""

        def put() -> None:
            try:
                self.private.copy_from(
                    self.publisher.private_bucket,
                    staging_key,
                    record.original_key,
                    content_type=record.media_type,
                    cache_control=PRIVATE_CACHE_CONTROL,
                    metadata=facts_of(record),
                    source_etag=etag,
                )
            except ObjectMissing as missing:
                raise Conflict(
                    "The uploaded bytes were taken away while they were being accepted."
                ) from missing

        return put

    def put_renditions(self, record: ImageRecord, renditions: Sequence[RenderedFile]) -> list[Put]:
        """The renditions, and the public copies of an image that is to be published."""
        targets = [(self.private, record.rendition_key, PRIVATE_CACHE_CONTROL)]
        if record.intent is not None and self.publisher.bucket is not None:
            publication = record.intent
            targets.append(
                (
                    self.publisher.bucket,
                    lambda rendition: public_key(publication, rendition),
                    self.publisher.cache_control(record),
                )
            )
        return [
            _put_rendition(bucket, key_of(made.rendition), made, cache_control)
            for made in renditions
            for bucket, key_of, cache_control in targets
        ]

    def put(self, puts: Sequence[Put], *, until: datetime) -> None:
        """Carry out puts in parallel; DeadlineExceeded when they are not done by `until`."""
        pool = ThreadPoolExecutor(PARALLEL_PUTS)
        running = [pool.submit(put) for put in puts]
        done, late = wait(running, timeout=max(0.0, (until - self.clock.now()).total_seconds()))
        # Nobody waits for what hangs: objects that arrive late belong to a reservation that cleanup will end.
        pool.shutdown(wait=False, cancel_futures=True)
        if late:
            raise too_late()
        for finished in done:
            finished.result()

    # 3. Commit ----------------------------------------------------------------------------------------

    def commit(self, pending: Image) -> Image:
        """Make the image visible; Conflict when cleanup or another attempt was first."""
        record = pending.record
        ready = record.moved_to(
            State.READY,
            change=self.ids.token(),
            publication=record.intent,
            intent=None,
            staging=None,
            queued_at=None,
            due_at=record.expires_at,
        )
        stored = replace(pending, record=ready)
        self.repository.replace(pending, stored)
        return stored


def abandoned(image: Image, *, change: str, at: datetime) -> Image:
    """A PENDING record past its deadline, on its way out: quota, guard and idempotency key are given back."""
    record = image.record
    doomed = record.moved_to(State.DELETING, change=change, due_at=at, guarded=False)
    return replace(image, record=doomed)


def too_late() -> DeadlineExceeded:
    """The refusal of work that does not fit into what is left of an invocation."""
    return DeadlineExceeded(
        "The image could not be stored in the time a request has; try again.",
        retry_after=timedelta(seconds=1),
    )


def facts_of(record: ImageRecord) -> dict[str, str]:
    """The metadata of an original: what a rebuild from the bucket alone needs, as headers may carry it."""
    return {
        "id": record.id,
        "kind": record.kind.value,
        "sha256": record.sha256,
        "owner": header_safe(record.owner),
    }


def header_safe(text: str) -> str:
    """Text as it may stand in an object's metadata: printable ASCII, everything else percent-encoded."""
    return "".join(
        char
        if char.isascii() and char.isprintable() and char != "%"
        else "".join(f"%{b:02X}" for b in char.encode())
        for char in text
    )


def _put_rendition(bucket: ObjectStore, key: str, made: RenderedFile, cache_control: str) -> Put:
    return lambda: bucket.put(
        key,
        made.data,
        content_type=made.rendition.media_type,
        cache_control=cache_control,
        metadata={},
    )
