"""Direct uploads: the client sends its bytes straight to the private bucket.

1. Begin. The write protocol's reservation, for longer: the record is PENDING, its quota is taken with the size that
   was announced, and the client gets a link that stores exactly that many bytes of that type, once, in staging.
2. The client PUTs. Nobody hears of it.
3. Complete. The staged bytes are read and verified: size, checksum, type, a full decode. Then the record takes a new
   attempt with what was found, in one conditional transaction, and the write protocol goes on: the original is
   copied out of staging by the very ETag that was verified, the renditions are put, the image is committed.
   At last the staged object is removed; it belongs to nobody any more.

Completing twice, or in two places at once, is harmless: each try has an attempt of its own, only one of them can
commit, and what the others wrote is collected by cleanup. Bytes that arrive after the end, or again, lie in staging
below an id that no longer waits for them, until cleanup takes them away.

What takes too long for a request is handed over to a queue, and completed in the same way behind it.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.deadlines import has_passed, is_due
from image_store.domain.delivery.renditions import UPLOAD_RECIPES
from image_store.domain.errors import (
    ChecksumMismatch,
    Conflict,
    ContentTypeMismatch,
    DeadlineExceeded,
    ImageStoreError,
    ImageTooLarge,
    InvalidImage,
    PayloadTooLarge,
    StorageUnavailable,
    TooManyFrames,
    UnsupportedMediaType,
    UploadIncomplete,
    UploadNotFound,
)
from image_store.domain.ids import is_image_id
from image_store.domain.images.attributes import Attributes, check_attributes
from image_store.domain.images.draft import ImageDraft
from image_store.domain.images.image import Image, ImageRecord, State
from image_store.domain.images.media import MAX_BYTES, MediaType
from image_store.domain.images.processing import ProcessedImage
from image_store.domain.images.provenance import ProvenanceMark, provenance_of
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import LONGEST_RESERVATION, IdempotencyKey
from image_store.domain.images.sensitive import shown
from image_store.domain.work import CompleteUpload
from image_store.ports.images import ImageProcessor, ImageRepository
from image_store.ports.objects import ObjectMissing, ObjectStore, PresignedPut
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids
from image_store.services.images.earlier_images import EarlierImages
from image_store.services.images.reservations import Reservations
from image_store.services.images.sealing import Sealing
from image_store.services.images.uploads import check_declared
from image_store.services.images.write_protocol import StagedObject, too_late

COMPLETION_LIFETIME = LONGEST_RESERVATION
LINK_LIFETIME = COMPLETION_LIFETIME - timedelta(minutes=10)
"""A PUT that began in time may end after its link has expired, and still be completed."""
IN_REQUEST_BYTES = 20 * 1024 * 1024
"""Larger uploads are completed behind the request: reading and decoding them may take longer than a request has."""
_HANDED_OVER = timedelta(minutes=5)

_REFUSALS: tuple[type[ImageStoreError], ...] = (
    ChecksumMismatch,
    ContentTypeMismatch,
    ImageTooLarge,
    InvalidImage,
    PayloadTooLarge,
    TooManyFrames,
    UnsupportedMediaType,
)
"""What can never become better: the bytes are what they are."""

_ENDED: tuple[type[ImageStoreError], ...] = (UploadNotFound, UploadIncomplete, *_REFUSALS)
_BY_CODE = {refusal.code: refusal for refusal in _REFUSALS}
_SHOWN = frozenset({State.READY, State.TRASHED})


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectUpload:
    """Bytes that somebody is going to send, and what they say about them."""

    owner: str
    media_type: MediaType
    size_bytes: int
    sha256: str
    attributes: Attributes
    idempotency: IdempotencyKey | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a client needs to send its bytes."""

    image_id: str
    put: PresignedPut
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectUploads:
    """Begins and completes direct uploads."""

    repository: ImageRepository
    earlier: EarlierImages
    private: ObjectStore
    processor: ImageProcessor
    reservations: Reservations
    quota: Quota
    work: WorkQueue
    clock: Clock
    ids: Ids
    sealing: Sealing
    max_bytes: int = MAX_BYTES
    mark: ProvenanceMark = ProvenanceMark.SOURCE

    def begin(self, upload: DirectUpload) -> Ticket | Image:
        """Reserve an image whose bytes will be sent; a record, as its owner sees it, when it is stored already.

        Safe to retry with the same idempotency key: the ticket is for the same image.

        Raises
        ------
        InvalidRequest, PayloadTooLarge, DuplicateImage, QuotaExceeded
        IdempotencyMismatch, IdempotencyInProgress, Conflict, StorageUnavailable
        """
        check_attributes(upload.attributes, self.clock.now())
        if upload.size_bytes > self.max_bytes:
            raise PayloadTooLarge(f"An image has at most {self.max_bytes:,} bytes.")
        earlier = self.earlier.by_key(upload.idempotency) or self.earlier.by_bytes(
            upload.owner, upload.sha256, upload.attributes.on_duplicate
        )
        if earlier is not None:
            return self._answer(earlier)
        draft = ImageDraft(
            owner=upload.owner,
            sha256=upload.sha256,
            size_bytes=upload.size_bytes,
            media_type=upload.media_type,
            attributes=upload.attributes,
            idempotency=upload.idempotency,
        )
        reserved = self.reservations.reserve(draft, None, quota=self.quota, lifetime=COMPLETION_LIFETIME)
        return self._answer(reserved if isinstance(reserved, Image) else reserved.image)

    def complete(self, owner: str, image_id: str, *, until: datetime) -> Image | None:
        """Verify what has arrived and make it an image; None when that goes on behind the request.

        The record is as its owner sees it. Safe to repeat: a completed upload is its image.

        Raises
        ------
        UploadNotFound, UploadIncomplete
        ChecksumMismatch, ContentTypeMismatch, UnsupportedMediaType, InvalidImage, ImageTooLarge, TooManyFrames
        Conflict, StorageUnavailable
        """
        image = self.repository.get(image_id) if is_image_id(image_id) else None
        if image is None or image.record.owner != owner:
            raise _not_found()
        record = image.record
        if record.state in _SHOWN:
            return self.sealing.opened(image)
        staging_key = self._awaited(record)
        if record.refusal is not None:
            raise _BY_CODE[record.refusal]("The bytes of this upload were refused; begin a new one.")
        now = self.clock.now()
        handed_over = record.queued_at + _HANDED_OVER if record.queued_at is not None else None
        if handed_over is not None and not has_passed(handed_over, now, longest=_HANDED_OVER):
            return None
        if record.size_bytes > IN_REQUEST_BYTES:
            self._arrived(staging_key)
            self._hand_over(image)
            return None
        sensitive = self.sealing.read(image)  # before anything is changed that could not be answered
        try:
            return shown(self._accept(image, staging_key, until=until), sensitive)
        except DeadlineExceeded:
            self._hand_over(self.repository.get(image_id) or image)
            return None

    def finish(self, work: CompleteUpload, *, until: datetime) -> None:
        """Complete an upload that was handed over; whatever has been decided about it meanwhile stays so.

        Safe to repeat. Raises Conflict, StorageUnavailable and DeadlineExceeded: trying again later may succeed.
        """
        image = self.repository.get(work.image_id)
        if image is None or image.record.refusal is not None:
            return
        try:
            self._accept(image, self._awaited(image.record), until=until)
        except _ENDED:
            return  # the client hears of it when it asks

    def _answer(self, image: Image) -> Ticket | Image:
        record = image.record
        if record.staging_key is None:
            return self.sealing.opened(image)
        expires_at = record.created_at + LINK_LIFETIME
        put = self.private.presigned_put(
            record.staging_key,
            content_type=record.media_type,
            size_bytes=record.size_bytes,
            sha256=record.sha256,
            expires_in=max(expires_at - self.clock.now(), timedelta(seconds=1)),
        )
        return Ticket(record.id, put, expires_at)

    def _awaited(self, record: ImageRecord) -> str:
        """The key under which the bytes of a direct upload are awaited."""
        late = is_due(record, self.clock.now())
        if record.state is not State.PENDING or record.staging_key is None or late:
            raise _not_found()
        return record.staging_key

    def _arrived(self, staging_key: str) -> str:
        """The ETag of what has been staged."""
        stored = self.private.head(staging_key)
        if stored is None or stored.etag is None:
            raise UploadIncomplete("Nothing has arrived for this upload yet: PUT the bytes first.")
        return stored.etag

    def _hand_over(self, image: Image) -> None:
        self.work.send(CompleteUpload(image.record.id))
        queued = image.record.next_version(self.ids.token(), queued_at=self.clock.now())
        try:
            self.repository.replace(image, replace(image, record=queued))
        except Conflict:
            return  # it is being completed already

    def _accept(self, image: Image, staging_key: str, *, until: datetime) -> Image:
        record = image.record
        etag = self._arrived(staging_key)
        try:
            data = self.private.get(staging_key, etag=etag, max_bytes=record.size_bytes)
            processed = self._verified(image, data)
        except ObjectMissing as missing:
            raise Conflict("The uploaded bytes were taken away while they were being read.") from missing
        except _REFUSALS as refusal:
            self._refuse(image, refusal.code)
            raise
        if self.clock.now() >= until:
            raise too_late()
        reserved = self.reservations.renew(image, processed)
        reserved.put(StagedObject(staging_key, etag), processed.renditions, until=until)
        stored = reserved.commit()
        self._remove_staged(staging_key)
        return stored

    def _verified(self, image: Image, data: bytes) -> ProcessedImage:
        record = image.record
        if len(data) != record.size_bytes or hashlib.sha256(data).hexdigest() != record.sha256:
            raise ChecksumMismatch("The bytes that arrived are not those that were announced.")
        check_declared(data, record.media_type)
        return self.processor.process(
            data,
            record.media_type,
            UPLOAD_RECIPES,
            provenance=provenance_of(self.mark, record.kind, image.details.generation),
        )

    def _refuse(self, image: Image, code: str) -> None:
        """Remember why the bytes were refused, for whoever asks again."""
        record = image.record
        refused = record.next_version(self.ids.token(), refusal=code)
        try:
            self.repository.replace(image, replace(image, record=refused))
        except (Conflict, StorageUnavailable):
            return  # the next one to look at the bytes will refuse them as well

    def _remove_staged(self, staging_key: str) -> None:
        try:
            self.private.delete([staging_key])
        except StorageUnavailable:
            return  # cleanup sweeps staging


def _not_found() -> UploadNotFound:
    return UploadNotFound("There is no such upload, or its time is over.")
