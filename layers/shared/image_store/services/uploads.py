"""Storing an image: the write protocol.

1. Reserve. The record is written PENDING with its attempt and a deadline, together with the owner's quota, the
   guard of the checksum, the idempotency key and, for a published image, the publication that is about to be
   copied: one transaction. Nothing is visible yet.
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

import hashlib
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.attributes import Attributes, OnDuplicate, derived_alt_text
from image_store.domain.errors import (
    Conflict,
    ContentTypeMismatch,
    DeadlineExceeded,
    DuplicateImage,
    IdempotencyInProgress,
    IdempotencyMismatch,
    ImageNotFound,
    InvalidRequest,
)
from image_store.domain.image import Details, Image, Kind, Record, State, Visibility, public_key
from image_store.domain.layout import KeyLayout, folder
from image_store.domain.media import MediaType, parse_declared, sniff
from image_store.domain.publication import PublicationRow
from image_store.domain.renditions import UPLOAD_PRESETS, ProcessedImage
from image_store.domain.reservation import (
    IDEMPOTENCY_LIFETIME,
    RESERVATION_LIFETIME,
    IdempotencyKey,
    Quota,
    Reservation,
)
from image_store.ports import Clock, Ids, ImageProcessor, ImageRepository, ObjectStore
from image_store.services.publishing import PRIVATE_CACHE_CONTROL, Publisher

PARALLEL_PUTS = 8
WARN_ABOVE_BYTES = 10 * 1024 * 1024
_RESERVE_TRIES = 3


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes that somebody wants stored, and what they say about them."""

    owner: str
    data: bytes
    declared_type: str | None
    attributes: Attributes
    until: datetime
    """When the work has to be done; what is left then is given up and safe to repeat."""
    idempotency: IdempotencyKey | None = None


@dataclass(frozen=True, slots=True)
class _Put:
    bucket: ObjectStore
    key: str
    data: bytes
    content_type: str
    cache_control: str
    metadata: dict[str, str]


class Uploads:
    """Accepts images."""

    def __init__(
        self,
        *,
        repository: ImageRepository,
        private: ObjectStore,
        publisher: Publisher,
        processor: ImageProcessor,
        clock: Clock,
        ids: Ids,
        layout: KeyLayout,
        quota: Quota,
    ) -> None:
        self._repository = repository
        self._private = private
        self._publisher = publisher
        self._processor = processor
        self._clock = clock
        self._ids = ids
        self._layout = layout
        self._quota = quota

    def accept(self, upload: Upload) -> Record:
        """Store an image, or find that it is stored already.

        Safe to retry with the same idempotency key: the image is stored once.

        Raises
        ------
        UnsupportedMediaType, ContentTypeMismatch, InvalidImage, ImageTooLarge, TooManyFrames
        InvalidRequest, DuplicateImage, QuotaExceeded
        IdempotencyMismatch, IdempotencyInProgress
        Conflict, StorageUnavailable, DeadlineExceeded
        """
        _check_attributes(upload.attributes, self._clock.now())
        if (stored := self._replay(upload)) is not None:
            return stored
        sha256 = hashlib.sha256(upload.data).hexdigest()
        if (existing := self._existing(upload, sha256)) is not None:
            return existing
        _check_declared(upload)
        processed = self._processor.process(upload.data, presets=UPLOAD_PRESETS)
        if self._clock.now() >= upload.until:
            raise _too_late()
        for _ in range(_RESERVE_TRIES):
            pending = self._pending(upload, processed, sha256)
            try:
                self._reserve(pending, upload)
                break
            except Conflict:
                # Somebody else holds the key or the checksum: what they are doing decides.
                if (stored := self._replay(upload) or self._existing(upload, sha256)) is not None:
                    return stored
        else:
            raise Conflict(
                "Identical uploads are running at this moment; try again.", retry_after=timedelta(seconds=1)
            )
        self._put_all(self._puts(pending, upload.data, processed), until=upload.until)
        return self._commit(pending)

    # 1. Reserve ---------------------------------------------------------------------------------------

    def _pending(self, upload: Upload, processed: ProcessedImage, sha256: str) -> Record:
        now = self._clock.now()
        attributes = upload.attributes
        alt_text = attributes.alt_text or derived_alt_text(attributes.title, attributes.generation)
        image = Image(
            id=self._ids.image_id(),
            owner=upload.owner,
            state=State.PENDING,
            attempt=self._ids.attempt(),
            version=1,
            change=self._ids.attempt(),
            folder=folder(self._layout, owner=upload.owner, attributes=attributes, at=now),
            kind=attributes.kind,
            visibility=attributes.visibility,
            filename=attributes.filename or f"image.{processed.media_type.extension}",
            media_type=processed.media_type,
            size_bytes=len(upload.data),
            width=processed.width,
            height=processed.height,
            sha256=sha256,
            placeholder=processed.placeholder,
            renditions=tuple(made.rendition for made in processed.renditions),
            created_at=now,
            updated_at=now,
            category=attributes.category,
            cache_control=attributes.cache_control,
            expires_at=attributes.expires_at,
            intent=self._ids.publication() if attributes.visibility is not Visibility.PRIVATE else None,
            due_at=now + RESERVATION_LIFETIME,
            guarded=attributes.on_duplicate is not OnDuplicate.KEEP,
            idempotency=upload.idempotency.name if upload.idempotency else None,
        )
        large = len(upload.data) > WARN_ABOVE_BYTES
        details = Details(
            title=attributes.title,
            alt_text=alt_text,
            alt_text_given=attributes.alt_text is not None,
            tags=attributes.tags,
            rating=attributes.rating,
            groups=attributes.groups,
            metadata=attributes.metadata,
            generation=attributes.generation,
            analysis=attributes.analysis,
            warnings=("The original is larger than 10 MB.",) if large else (),
        )
        return Record(image, details)

    def _reserve(self, pending: Record, upload: Upload) -> None:
        image = pending.image
        publication = None
        if image.intent is not None:
            publication = PublicationRow(
                image.intent,
                image.id,
                image.public_keys(image.intent),
                image.created_at + RESERVATION_LIFETIME,
            )
        self._repository.reserve(
            Reservation(
                pending, self._quota, upload.idempotency, publication, image.created_at + IDEMPOTENCY_LIFETIME
            )
        )

    def _replay(self, upload: Upload) -> Record | None:
        """What an earlier request with the same idempotency key stored; None when there was none."""
        if upload.idempotency is None:
            return None
        row = self._repository.idempotency(upload.idempotency.name)
        if row is None or row.is_expired(self._clock.now()):
            return None
        if row.fingerprint != upload.idempotency.fingerprint:
            raise IdempotencyMismatch("This Idempotency-Key was used for another request; use a new one.")
        record = self._repository.get(row.image_id)
        if record is None or record.image.state in {State.DELETING, State.TOMBSTONE}:
            raise ImageNotFound("The image stored under this Idempotency-Key has been deleted since.")
        if record.image.state is not State.PENDING:
            return record
        self._abandon_if_late(
            record, IdempotencyInProgress("The first request with this Idempotency-Key is still running.")
        )
        return None

    def _existing(self, upload: Upload, sha256: str) -> Record | None:
        """The image the owner has with these bytes, if the caller wants no second one."""
        if upload.attributes.on_duplicate is OnDuplicate.KEEP:
            return None
        copies = self._repository.copies(upload.owner, sha256)
        for image_id in (*copies.image_ids, *filter(None, [copies.guard])):
            record = self._repository.get(image_id)
            if record is None:
                continue
            if record.image.state is State.READY:
                if upload.attributes.on_duplicate is OnDuplicate.REJECT:
                    raise DuplicateImage(image_id)
                return record
            if record.image.state is State.PENDING:
                self._abandon_if_late(
                    record, Conflict("The same image is being stored at this moment; try again.")
                )
        return None

    def _abandon_if_late(self, record: Record, otherwise: Conflict | IdempotencyInProgress) -> None:
        """Take a dead reservation out of the way; a living one is reported with the time it may still take."""
        now = self._clock.now()
        due_at = record.image.due_at or now
        if now < due_at:
            otherwise.retry_after = due_at - now
            raise otherwise
        self._repository.replace(record, abandoned(record, change=self._ids.attempt(), at=now))

    # 2. Put -------------------------------------------------------------------------------------------

    def _puts(self, pending: Record, data: bytes, processed: ProcessedImage) -> list[_Put]:
        image = pending.image
        facts = {
            "id": image.id,
            "kind": image.kind.value,
            "sha256": image.sha256,
            "owner": header_safe(image.owner),
        }
        puts = [_Put(self._private, image.original_key, data, image.media_type, PRIVATE_CACHE_CONTROL, facts)]
        for made in processed.renditions:
            rendition, key = made.rendition, image.rendition_key(made.rendition)
            puts.append(_Put(self._private, key, made.data, rendition.media_type, PRIVATE_CACHE_CONTROL, {}))
            if image.intent is not None and self._publisher.bucket is not None:
                cache_control = self._publisher.cache_control(image)
                key = public_key(image.intent, rendition)
                puts.append(
                    _Put(self._publisher.bucket, key, made.data, rendition.media_type, cache_control, {})
                )
        return puts

    def _put_all(self, puts: list[_Put], *, until: datetime) -> None:
        pool = ThreadPoolExecutor(PARALLEL_PUTS)
        running = [pool.submit(_put, put) for put in puts]
        done, late = wait(running, timeout=max(0.0, (until - self._clock.now()).total_seconds()))
        # Nobody waits for what hangs: objects that arrive late belong to a reservation that cleanup will end.
        pool.shutdown(wait=False, cancel_futures=True)
        if late:
            raise _too_late()
        for put in done:
            put.result()

    # 3. Commit ----------------------------------------------------------------------------------------

    def _commit(self, pending: Record) -> Record:
        image = pending.image
        ready = image.moved_to(
            State.READY,
            version=image.version + 1,
            change=self._ids.attempt(),
            publication=image.intent,
            intent=None,
            due_at=image.expires_at,
        )
        stored = replace(pending, image=ready)
        self._repository.replace(pending, stored, settled=[image.intent] if image.intent else [])
        return stored


def abandoned(record: Record, *, change: str, at: datetime) -> Record:
    """A PENDING record past its deadline, on its way out: quota, guard and idempotency key are given back."""
    image = record.image
    doomed = image.moved_to(
        State.DELETING, version=image.version + 1, change=change, due_at=at, guarded=False
    )
    return replace(record, image=doomed)


def header_safe(text: str) -> str:
    """Text as it may stand in an object's metadata: printable ASCII, everything else percent-encoded."""
    return "".join(
        char
        if char.isascii() and char.isprintable() and char != "%"
        else "".join(f"%{b:02X}" for b in char.encode())
        for char in text
    )


def _put(put: _Put) -> None:
    put.bucket.put(
        put.key,
        put.data,
        content_type=put.content_type,
        cache_control=put.cache_control,
        metadata=put.metadata,
    )


def _too_late() -> DeadlineExceeded:
    return DeadlineExceeded(
        "The image could not be stored in the time a request has; try again.",
        retry_after=timedelta(seconds=1),
    )


def _check_attributes(attributes: Attributes, now: datetime) -> None:
    if attributes.kind is Kind.REFERENCE and attributes.visibility is not Visibility.PRIVATE:
        raise InvalidRequest("A reference image is always private.")
    if attributes.expires_at is not None and attributes.expires_at <= now:
        raise InvalidRequest("expires_at must lie in the future.")


def _check_declared(upload: Upload) -> None:
    """Refuse bytes that are not what their sender says; unknown bytes are the processor's to refuse."""
    if upload.declared_type is None:
        return
    sniffed = sniff(upload.data)
    declared: MediaType | None = parse_declared(upload.declared_type)
    if sniffed is not None and sniffed is not declared:
        raise ContentTypeMismatch(f"The bytes are {sniffed.value}, which is not the type that was declared.")
