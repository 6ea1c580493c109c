"""Direct uploads: the client sends its bytes straight to the private bucket.

1. Begin. Reserve the image for 40 minutes: the record is PENDING and takes the quota for the announced size. The
   client gets a link that stores exactly that many bytes of that type, once, in staging.
2. The client PUTs the bytes. The store gets no event.
3. Complete. Read and verify the staged bytes: size, checksum, type, a full decode. One conditional transaction gives
   the record a new attempt and the facts of the bytes. Then the write protocol continues: copy the original out of
   staging by the ETag that was verified, put the renditions, commit. Finally delete the staged object.

Completing twice, or in two places at once, is harmless: each try has its own attempt, only one attempt can commit, and
cleanup removes what the others wrote. Bytes that arrive late, or again, stay in staging until cleanup removes them.

An upload that takes too long for a request is queued and completed in the same way after the request.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.callers.key_allowance import KeyAllowance
from image_store.domain.callers.upload_tokens import UploadToken, charges_of
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
from image_store.domain.images.sensitive import with_sensitive
from image_store.domain.work import CompleteUpload
from image_store.ports.images import ImageProcessor, ImageRepository
from image_store.ports.objects import ObjectMissing, ObjectStore, PresignedPut
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids
from image_store.services.callers.upload_tokens import UploadPermissions
from image_store.services.images.earlier_images import EarlierImages
from image_store.services.images.reservations import Reservations
from image_store.services.images.sealing import Sealing
from image_store.services.images.uploads import check_declared
from image_store.services.images.write_protocol import StagedObject, too_late

COMPLETION_LIFETIME = LONGEST_RESERVATION
LINK_LIFETIME = COMPLETION_LIFETIME - timedelta(minutes=10)
"""Shorter than the reservation, so that a PUT that begins just before the link expires can still be completed."""
IN_REQUEST_BYTES = 20 * 1024 * 1024
"""Larger uploads are completed after the request: reading and decoding them may exceed the timeout of a request."""
_QUEUE_WAIT = timedelta(minutes=5)

_REFUSALS: tuple[type[ImageStoreError], ...] = (
    ChecksumMismatch,
    ContentTypeMismatch,
    ImageTooLarge,
    InvalidImage,
    PayloadTooLarge,
    TooManyFrames,
    UnsupportedMediaType,
)
"""Errors of the bytes themselves; a retry cannot succeed."""

_ENDED: tuple[type[ImageStoreError], ...] = (UploadNotFound, UploadIncomplete, *_REFUSALS)
_BY_CODE = {refusal.code: refusal for refusal in _REFUSALS}


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectUpload:
    """An upload whose bytes the client sends straight to storage."""

    owner: str
    media_type: MediaType
    size_bytes: int
    sha256: str
    attributes: Attributes
    idempotency: IdempotencyKey | None = None
    upload_token: str | None = None
    """The id of the upload token that it is sent with."""
    allowance: KeyAllowance | None = None
    """Of the API key that it counts for."""
    given: frozenset[str] = frozenset()
    """The names of the attributes that its sender set; they matter for upload tokens only."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The link by which a client sends its bytes."""

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
    upload_permissions: Callable[[], UploadPermissions]
    max_bytes: int = MAX_BYTES
    mark: ProvenanceMark = ProvenanceMark.SOURCE

    def begin(self, upload: DirectUpload) -> Ticket | Image:
        """Reserve an image for a direct upload. An image that is stored already is returned as its sender sees it.

        Safe to retry with the same idempotency key: the ticket is for the same image.

        Raises
        ------
        InvalidRequest, PayloadTooLarge, DuplicateImage, QuotaExceeded
        IdempotencyMismatch, IdempotencyInProgress, Conflict, StorageUnavailable
        InvalidToken, UploadNotAllowed, UploadTokenUsedUp, UnsupportedMediaType
            the upload token has expired, or does not allow this upload
        """
        token = self._token(upload.upload_token)
        attributes = (
            upload.attributes if token is None else token.attributes_with(upload.attributes, upload.given)
        )
        check_attributes(attributes, self.clock.now())
        if upload.size_bytes > self.max_bytes:
            raise PayloadTooLarge(f"An image has at most {self.max_bytes:,} bytes.")
        earlier = self.earlier.by_key(upload.idempotency)
        if earlier is None and token is not None:
            token.check(size_bytes=upload.size_bytes, media_type=upload.media_type)
        earlier = earlier or self.earlier.by_bytes(upload.owner, upload.sha256, attributes.on_duplicate)
        if earlier is not None:
            return self._answer(earlier, token)
        allowance = upload.allowance if token is None else token.allowance
        draft = ImageDraft(
            owner=upload.owner,
            sha256=upload.sha256,
            size_bytes=upload.size_bytes,
            media_type=upload.media_type,
            attributes=attributes,
            idempotency=upload.idempotency,
            upload_token=upload.upload_token,
            api_key=allowance.key_id if allowance is not None else None,
            charges=charges_of(token, allowance, size_bytes=upload.size_bytes, at=self.clock.now()),
        )
        reserved = self.reservations.reserve(draft, None, quota=self.quota, lifetime=COMPLETION_LIFETIME)
        return self._answer(reserved if isinstance(reserved, Image) else reserved.image, token)

    def complete(
        self, owner: str, image_id: str, *, until: datetime, upload_token: str | None = None
    ) -> Image | None:
        """Verify the staged bytes and store the image; None if that continues after the request.

        Returns the image as its sender sees it. Safe to repeat: a completed upload returns its image. An upload token
        completes only what was begun with it.

        Raises
        ------
        UploadNotFound, UploadIncomplete, InvalidToken
        ChecksumMismatch, ContentTypeMismatch, UnsupportedMediaType, InvalidImage, ImageTooLarge, TooManyFrames
        Conflict, StorageUnavailable
        """
        token = self._token(upload_token)
        image = self.repository.get(image_id) if is_image_id(image_id) else None
        if image is None or image.record.owner != owner:
            raise _not_found()
        if token is not None and image.record.upload_token != token.id:
            raise _not_found()
        stored = self._complete(image, until=until)
        return stored if stored is None or token is None else token.shown(stored)

    def _complete(self, image: Image, *, until: datetime) -> Image | None:
        record = image.record
        if record.is_visible:
            return self.sealing.open(image)
        staging_key = self._staging_key(record)
        if record.refusal is not None:
            raise _BY_CODE[record.refusal]("The bytes of this upload were refused; begin a new one.")
        now = self.clock.now()
        queue_ends_at = record.queued_at + _QUEUE_WAIT if record.queued_at is not None else None
        if queue_ends_at is not None and not has_passed(queue_ends_at, now, longest=_QUEUE_WAIT):
            return None
        if record.size_bytes > IN_REQUEST_BYTES:
            self._staged_etag(staging_key)
            self._queue(image)
            return None
        # Before any change: if KMS does not answer, nothing may change.
        sensitive = self.sealing.read_sensitive(image)
        try:
            return with_sensitive(self._accept(image, staging_key, until=until), sensitive)
        except DeadlineExceeded:
            self._queue(self.repository.get(record.id) or image)
            return None

    def finish(self, work: CompleteUpload, *, until: datetime) -> None:
        """Complete a queued upload, unless it was completed or refused meanwhile.

        Safe to repeat. Raises Conflict, StorageUnavailable or DeadlineExceeded; a later retry may succeed.
        """
        try:
            self._finish(work, until=until)
        except Conflict:
            # The request that sent this work notes so afterwards, which changes the record under a fast worker. Without
            # a second try here the upload would wait until the queue delivers the message again.
            self._finish(work, until=until)

    def _finish(self, work: CompleteUpload, *, until: datetime) -> None:
        image = self.repository.get(work.image_id)
        if image is None or image.record.refusal is not None:
            return
        try:
            self._accept(image, self._staging_key(image.record), until=until)
        except _ENDED:
            return  # the client gets this error when it completes the upload

    def _token(self, token_id: str | None) -> UploadToken | None:
        return self.upload_permissions().in_force(token_id) if token_id is not None else None

    def _answer(self, image: Image, token: UploadToken | None) -> Ticket | Image:
        record = image.record
        if record.staging_key is None:
            stored = self.sealing.open(image)
            return stored if token is None else token.shown(stored)
        # Not from `created_at`, which may be the date that the image has elsewhere.
        expires_at = (record.due_at or self.clock.now()) - (COMPLETION_LIFETIME - LINK_LIFETIME)
        put = self.private.presigned_put(
            record.staging_key,
            content_type=record.media_type,
            size_bytes=record.size_bytes,
            sha256=record.sha256,
            expires_in=max(expires_at - self.clock.now(), timedelta(seconds=1)),
        )
        return Ticket(record.id, put, expires_at)

    def _staging_key(self, record: ImageRecord) -> str:
        """The staging key of an upload that still waits for its bytes; raises UploadNotFound for any other."""
        is_late = is_due(record, self.clock.now())
        if record.state is not State.PENDING or record.staging_key is None or is_late:
            raise _not_found()
        return record.staging_key

    def _staged_etag(self, staging_key: str) -> str:
        """The ETag of the staged bytes."""
        stored = self.private.head(staging_key)
        if stored is None or stored.etag is None:
            raise UploadIncomplete("Nothing has arrived for this upload yet: PUT the bytes first.")
        return stored.etag

    def _queue(self, image: Image) -> None:
        self.work.send(CompleteUpload(image.record.id))
        queued = image.record.next_version(self.ids.token(), queued_at=self.clock.now())
        try:
            self.repository.replace(image, replace(image, record=queued))
        except Conflict:
            return  # another request is completing it

    def _accept(self, image: Image, staging_key: str, *, until: datetime) -> Image:
        record = image.record
        etag = self._staged_etag(staging_key)
        try:
            data = self.private.get(staging_key, etag=etag, max_bytes=record.size_bytes)
            processed = self._verify(image, data)
        except ObjectMissing as missing:
            raise Conflict(
                "The uploaded bytes were removed or replaced while they were being read."
            ) from missing
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

    def _verify(self, image: Image, data: bytes) -> ProcessedImage:
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
        """Record why the bytes were refused, so that a repeat gets the same error."""
        record = image.record
        refused = record.next_version(self.ids.token(), refusal=code)
        try:
            self.repository.replace(image, replace(image, record=refused))
        except (Conflict, StorageUnavailable):
            return  # the next try refuses the same bytes again

    def _remove_staged(self, staging_key: str) -> None:
        try:
            self.private.delete([staging_key])
        except StorageUnavailable:
            return  # cleanup sweeps staging


def _not_found() -> UploadNotFound:
    return UploadNotFound("There is no such upload, or it has expired.")
