"""The write protocol: stores bytes and record as one image, or nothing.

1. Reserve. One transaction writes the record as PENDING with its attempt and a deadline. It also writes the owner's
   quota if there is one, the guard of the checksum, the idempotency key, the count of an upload token and, for a
   published image, the publication whose copies follow. Nothing is visible yet.
2. Put. Original, renditions and public copies are written in parallel to keys that carry the attempt (or the
   publication) and are refused if they exist. Repeating a put is harmless.
3. Commit. One conditional transaction takes PENDING of this attempt to READY. Only now do index keys, group rows
   and the checksum row appear. If the response is lost, a strongly consistent read decides: READY by this change
   means that the image is stored.

What each failure leaves:

- before 1: nothing.
- after 1 or 2: a PENDING record and perhaps objects. Cleanup takes the record to DELETING once its deadline has
  passed; from then on the commit cannot succeed. Then the objects go, then the record.
- after 3: a stored image, even if the response did not reach the caller. A repeat with the same Idempotency-Key
  returns it.

Objects are never deleted here, not even when a put fails: after a lost response they may belong to a committed image.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from image_store.domain.delivery.publication import PublicationRow
from image_store.domain.errors import Conflict, DeadlineExceeded
from image_store.domain.images.image import Image, ImageRecord, State, public_key
from image_store.domain.images.processing import RenderedFile
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import (
    IDEMPOTENCY_LIFETIME,
    RESERVATION_LIFETIME,
    Charge,
    IdempotencyKey,
    Reservation,
)
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectMissing, ObjectStore
from image_store.ports.system import Clock, Ids
from image_store.services.delivery.publishing import PRIVATE_CACHE_CONTROL

PARALLEL_PUTS = 8

ObjectWrite = Callable[[], None]
"""Writes one object; safe to repeat."""


@dataclass(frozen=True, slots=True)
class StagedObject:
    """The bytes of a direct upload, as they were verified in staging."""

    key: str
    etag: str


@dataclass(frozen=True, slots=True)
class ReservedImage:
    """A PENDING image, and its two remaining steps `put` and `commit`."""

    image: Image
    _protocol: "WriteProtocol"

    def put(
        self, original: bytes | StagedObject, renditions: Sequence[RenderedFile], *, until: datetime
    ) -> None:
        """Put original, renditions and public copies; raises Conflict, StorageUnavailable, or DeadlineExceeded."""
        self._protocol.put(self._protocol.object_writes(self.image.record, original, renditions), until=until)

    def commit(self) -> Image:
        """Make the image visible; Conflict when cleanup or another attempt was first."""
        return self._protocol.commit(self.image)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteProtocol:
    """Takes an image through the three steps; its callers decide what to store."""

    repository: ImageRepository
    private: ObjectStore
    private_bucket: str
    """The name of `private`, which a copy out of staging needs."""
    public: ObjectStore | None
    """None without a public bucket; then nothing is copied."""
    public_cache_control: str
    """The Cache-Control of public copies of an image that has none of its own."""
    clock: Clock
    ids: Ids

    # 1. Reserve ---------------------------------------------------------------------------------------

    def reserve(
        self,
        pending: Image,
        *,
        quota: Quota,
        idempotency: IdempotencyKey | None,
        charges: tuple[Charge, ...] = (),
    ) -> ReservedImage:
        """Write a PENDING record with its quota, guard, idempotency key and intended publication, and make charges.

        Raises QuotaExceeded, the error of a charge, or Conflict when another image has the guard or the idempotency
        key.
        """
        for charge in charges:
            charge.check_end(pending.record.updated_at)
        lifetime = idempotency.lifetime if idempotency is not None else IDEMPOTENCY_LIFETIME
        publication = self._intended_publication(pending.record)
        self.repository.reserve(
            Reservation(
                pending,
                quota,
                idempotency,
                publication,
                idempotency_expires_at=pending.record.updated_at + lifetime,
                charges=charges,
            )
        )
        return ReservedImage(pending, self)

    def renew(self, before: Image, after: Image) -> ReservedImage:
        """Give a reservation a new attempt; Conflict when the record was changed meanwhile."""
        publication = self._intended_publication(after.record)
        self.repository.replace(before, after, publications=[publication] if publication else [])
        return ReservedImage(after, self)

    def _intended_publication(self, record: ImageRecord) -> PublicationRow | None:
        """The row by which cleanup removes the copies if the publication is never committed."""
        if record.intent is None:
            return None
        due_at = record.due_at or self.clock.now() + RESERVATION_LIFETIME
        return PublicationRow(record.intent, record.id, record.public_keys(record.intent), due_at)

    # 2. Put -------------------------------------------------------------------------------------------

    def object_writes(
        self, record: ImageRecord, original: bytes | StagedObject, renditions: Sequence[RenderedFile]
    ) -> list[ObjectWrite]:
        """One write for each object of the attempt."""
        return [self._original(record, original), *self._renditions(record, renditions)]

    def put(self, writes: Sequence[ObjectWrite], *, until: datetime) -> None:
        """Write objects in parallel; DeadlineExceeded if they are not written by `until`."""
        pool = ThreadPoolExecutor(PARALLEL_PUTS)
        running = [pool.submit(write) for write in writes]
        ended, late = wait(running, timeout=max(0.0, (until - self.clock.now()).total_seconds()))
        # A put that hangs is abandoned: the reservation expires and cleanup removes its objects.
        pool.shutdown(wait=False, cancel_futures=True)
        if late:
            raise too_late()
        for future in ended:
            future.result()

    def _original(self, record: ImageRecord, original: bytes | StagedObject) -> ObjectWrite:
        if isinstance(original, StagedObject):
            return partial(self._copy_staged, record, original)
        return partial(
            self.private.put,
            record.original_key,
            original,
            content_type=record.media_type,
            cache_control=PRIVATE_CACHE_CONTROL,
            metadata=facts_of(record),
        )

    def _copy_staged(self, record: ImageRecord, staged: StagedObject) -> None:
        try:
            self.private.copy_from(
                self.private_bucket,
                staged.key,
                record.original_key,
                content_type=record.media_type,
                cache_control=PRIVATE_CACHE_CONTROL,
                metadata=facts_of(record),
                source_etag=staged.etag,
            )
        except ObjectMissing as missing:
            raise Conflict(
                "The uploaded bytes were removed or replaced before they were accepted."
            ) from missing

    def _renditions(self, record: ImageRecord, renditions: Sequence[RenderedFile]) -> Iterator[ObjectWrite]:
        """The renditions, and the public copies of an image that is to be published."""
        for file in renditions:
            yield _rendition(self.private, record.rendition_key(file.rendition), file, PRIVATE_CACHE_CONTROL)
            if record.intent is not None and self.public is not None:
                cache_control = record.cache_control or self.public_cache_control
                yield _rendition(self.public, public_key(record.intent, file.rendition), file, cache_control)

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


def abandon(image: Image, *, change: str, at: datetime) -> Image:
    """Take a PENDING image past its deadline to DELETING, which releases quota, guard and idempotency key."""
    record = image.record.moved_to(State.DELETING, change=change, due_at=at, guarded=False)
    return replace(image, record=record)


def too_late() -> DeadlineExceeded:
    """The error for work that does not fit into the remaining time of an invocation."""
    return DeadlineExceeded(
        "The image could not be stored in the time a request has; try again.",
        retry_after=timedelta(seconds=1),
    )


def facts_of(record: ImageRecord) -> dict[str, str]:
    """The metadata of an original, safe in headers: enough to rebuild the record from the bucket alone."""
    return {
        "id": record.id,
        "kind": record.kind.value,
        "sha256": record.sha256,
        "owner": header_safe(record.owner),
    }


def header_safe(text: str) -> str:
    """Text for an object's metadata: printable ASCII; other characters are percent-encoded."""
    return "".join(
        char
        if char.isascii() and char.isprintable() and char != "%"
        else "".join(f"%{b:02X}" for b in char.encode())
        for char in text
    )


def _rendition(bucket: ObjectStore, key: str, file: RenderedFile, cache_control: str) -> ObjectWrite:
    return partial(
        bucket.put,
        key,
        file.data,
        content_type=file.rendition.media_type,
        cache_control=cache_control,
        metadata={},
    )
