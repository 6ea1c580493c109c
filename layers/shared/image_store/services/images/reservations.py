"""Who may reserve: a request that was answered before gets its answer again, and bytes wanted once are stored once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.deadlines import is_due, was_never_meant
from image_store.domain.delivery.renditions import Placeholder
from image_store.domain.errors import (
    Conflict,
    DuplicateImage,
    IdempotencyInProgress,
    IdempotencyMismatch,
    ImageNotFound,
    InvalidRequest,
)
from image_store.domain.images.attributes import Attributes, OnDuplicate, derived_alt_text
from image_store.domain.images.image import Details, Image, ImageRecord, Kind, State, Visibility
from image_store.domain.images.key_layout import KeyLayout, folder
from image_store.domain.images.media import MediaType
from image_store.domain.images.processing import ProcessedImage
from image_store.domain.images.reservation import RESERVATION_LIFETIME, IdempotencyKey, IdempotencyRow
from image_store.ports.images import Claims, ImageRepository
from image_store.ports.system import Clock, Ids
from image_store.services.images.sealing import Sealing
from image_store.services.images.write_protocol import WriteProtocol, abandoned

WARN_ABOVE_BYTES = 10 * 1024 * 1024
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants stored, before it is known whether it can be."""

    owner: str
    sha256: str
    size_bytes: int
    media_type: MediaType
    attributes: Attributes
    idempotency: IdempotencyKey | None
    remarks: tuple[str, ...] = ()
    """Warnings besides those of every upload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservations:
    """Takes reservations, and keeps the promises of idempotency keys and `on_duplicate`."""

    repository: ImageRepository
    claims: Claims
    protocol: WriteProtocol
    clock: Clock
    ids: Ids
    layout: KeyLayout
    sealing: Sealing

    def replay(self, idempotency: IdempotencyKey | None) -> Image | None:
        """What an earlier request with the same idempotency key stored; None when there was none.

        A direct upload that waits for its bytes counts as stored: asking for it again is to get it again.

        Raises
        ------
        IdempotencyMismatch, IdempotencyInProgress, ImageNotFound
        """
        row = self._row_of(idempotency) if idempotency else None
        if row is None or idempotency is None or row.is_expired(self.clock.now()):
            return None
        if row.fingerprint != idempotency.fingerprint:
            raise IdempotencyMismatch("This Idempotency-Key was used for another request; use a new one.")
        image = self.repository.get(row.image_id)
        if image is None or image.record.state in {State.DELETING, State.TOMBSTONE}:
            raise ImageNotFound("The image stored under this Idempotency-Key has been deleted since.")
        waiting = image.record.staging is not None and not self._is_late(image.record)
        if image.record.state is not State.PENDING or waiting:
            return image
        self._abandon_if_late(
            image, IdempotencyInProgress("The first request with this Idempotency-Key is still running.")
        )
        return None

    def stored_under(self, name: str) -> Image | None:
        """The record that an idempotency key's name stands for, PENDING ones too; None when there is none.

        ImageNotFound when it was deleted since.
        """
        row = self.claims.idempotency(name)
        if row is None or row.is_expired(self.clock.now()):
            return None
        image = self.repository.get(row.image_id)
        if image is None or image.record.state in {State.DELETING, State.TOMBSTONE}:
            raise ImageNotFound("The image stored under this Idempotency-Key has been deleted since.")
        return image

    def existing(self, owner: str, sha256: str, on_duplicate: OnDuplicate) -> Image | None:
        """The image the owner has with these bytes, if the caller wants no second one.

        Raises
        ------
        DuplicateImage
            the caller wants it refused
        Conflict
            it is being stored at this moment
        """
        if on_duplicate is OnDuplicate.KEEP:
            return None
        copies = self.claims.copies(owner, sha256)
        for image_id in (*copies.image_ids, *filter(None, [copies.guard])):
            image = self.repository.get(image_id)
            if image is None:
                continue
            if image.record.state is State.READY:
                if on_duplicate is OnDuplicate.REJECT:
                    raise DuplicateImage(image_id)
                return image
            if image.record.state is State.PENDING:
                self._abandon_if_late(
                    image, Conflict("The same image is being stored at this moment; try again.")
                )
        return None

    def reserve(
        self,
        wanted: Wanted,
        processed: ProcessedImage | None,
        *,
        lifetime: timedelta = RESERVATION_LIFETIME,
    ) -> tuple[Image, bool]:
        """Reserve a record, and whether that was done: otherwise it is what was stored before.

        Without `processed` it waits for its bytes in staging. What is sensitive is sealed first, once for all tries.

        Raises what `replay` and `existing` raise, and QuotaExceeded.
        """
        image_id = self.ids.image_id()
        attributes, sealed = self.sealing.seal(wanted.attributes, owner=wanted.owner, image_id=image_id)
        details = _details(attributes, sealed, warnings(wanted.size_bytes, processed) + wanted.remarks)
        for _ in range(_TRIES):
            pending = Image(self._image(image_id, wanted, processed, lifetime), details)
            try:
                self.protocol.reserve(pending, wanted.idempotency)
            except Conflict:
                # Somebody else holds the key or the checksum: what they are doing decides.
                on_duplicate = wanted.attributes.on_duplicate
                earlier = self.replay(wanted.idempotency) or self.existing(
                    wanted.owner, wanted.sha256, on_duplicate
                )
                if earlier is not None:
                    return earlier, False
            else:
                return pending, True
        raise Conflict(
            "Identical uploads are running at this moment; try again.", retry_after=timedelta(seconds=1)
        )

    def _row_of(self, idempotency: IdempotencyKey) -> IdempotencyRow | None:
        """What a key stands for. A row by a clock that ran ahead ends a lifetime after it was first seen to be one."""
        row, now = self.claims.idempotency(idempotency.name), self.clock.now()
        if row is not None and was_never_meant(row.expires_at, now, longest=idempotency.lifetime):
            self.claims.bring_forward(idempotency.name, row, to=now + idempotency.lifetime)
        return row

    def _image(
        self, image_id: str, wanted: Wanted, processed: ProcessedImage | None, lifetime: timedelta
    ) -> ImageRecord:
        """A PENDING image with an attempt of its own."""
        now = self.clock.now()
        attributes = wanted.attributes
        published = attributes.visibility is not Visibility.PRIVATE
        return ImageRecord(
            id=image_id,
            owner=wanted.owner,
            state=State.PENDING,
            attempt=self.ids.attempt(),
            version=1,
            change=self.ids.token(),
            folder=folder(self.layout, owner=wanted.owner, attributes=attributes, at=now),
            kind=attributes.kind,
            visibility=attributes.visibility,
            filename=attributes.filename or f"image.{wanted.media_type.extension}",
            media_type=wanted.media_type,
            size_bytes=wanted.size_bytes,
            width=processed.width if processed else 0,
            height=processed.height if processed else 0,
            sha256=wanted.sha256,
            placeholder=processed.placeholder if processed else Placeholder("", ""),
            perceptual_hash=processed.perceptual_hash if processed else None,
            renditions=tuple(made.rendition for made in processed.renditions) if processed else (),
            created_at=now,
            updated_at=now,
            category=attributes.category,
            cache_control=attributes.cache_control,
            expires_at=attributes.expires_at,
            intent=self.ids.publication() if published and processed else None,
            due_at=now + lifetime,
            counted=self.protocol.quota.is_set,
            guarded=attributes.on_duplicate is not OnDuplicate.KEEP,
            idempotency=wanted.idempotency.name if wanted.idempotency else None,
            staging=None if processed else self.ids.attempt(),
        )

    def _abandon_if_late(self, image: Image, otherwise: Conflict | IdempotencyInProgress) -> None:
        """Take a dead reservation out of the way; a living one is reported with the time it may still take."""
        now = self.clock.now()
        if not self._is_late(image.record):
            otherwise.retry_after = (image.record.due_at or now) - now
            raise otherwise
        self.repository.replace(image, abandoned(image, change=self.ids.token(), at=now))

    def _is_late(self, record: ImageRecord) -> bool:
        return record.due_at is None or is_due(record, self.clock.now())


def check_attributes(attributes: Attributes, now: datetime) -> None:
    """Refuse what no image may be: a published reference, or one that is past its expiry."""
    if attributes.kind is Kind.REFERENCE and attributes.visibility is not Visibility.PRIVATE:
        raise InvalidRequest("A reference image is always private.")
    if attributes.expires_at is not None and attributes.expires_at <= now:
        raise InvalidRequest("expires_at must lie in the future.")


def warnings(size_bytes: int, processed: ProcessedImage | None) -> tuple[str, ...]:
    """What the owner of an image should know of that does not keep it from being stored."""
    large = ("The original is larger than 10 MB.",) if size_bytes > WARN_ABOVE_BYTES else ()
    return large + (processed.warnings if processed else ())


def _details(attributes: Attributes, sealed: str | None, warned: tuple[str, ...]) -> Details:
    return Details(
        title=attributes.title,
        alt_text=attributes.alt_text or derived_alt_text(attributes.title, attributes.generation),
        alt_text_given=attributes.alt_text is not None,
        tags=attributes.tags,
        rating=attributes.rating,
        groups=attributes.groups,
        metadata=attributes.metadata,
        generation=attributes.generation,
        analysis=attributes.analysis,
        sealed=sealed,
        warnings=warned,
    )
