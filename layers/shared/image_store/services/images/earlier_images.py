"""Finds the image that an earlier request stored: under the same idempotency key, or from the same bytes."""

from dataclasses import dataclass

from image_store.domain.deadlines import is_due, is_too_far_ahead
from image_store.domain.errors import (
    Conflict,
    DuplicateImage,
    IdempotencyInProgress,
    IdempotencyMismatch,
    ImageNotFound,
)
from image_store.domain.images.attributes import OnDuplicate
from image_store.domain.images.draft import ImageDraft
from image_store.domain.images.image import Image, ImageRecord, State
from image_store.domain.images.reservation import IdempotencyKey, IdempotencyRow
from image_store.ports.images import Claims, ImageRepository
from image_store.ports.system import Clock, Ids
from image_store.services.images.write_protocol import abandon

_DELETED_SINCE = "The image stored under this Idempotency-Key has been deleted since."


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierImages:
    """Keeps the promises of idempotency keys and `on_duplicate`.

    A reservation past its deadline does not block a new request: it is abandoned here.
    """

    repository: ImageRepository
    claims: Claims
    clock: Clock
    ids: Ids

    def find(self, draft: ImageDraft) -> Image | None:
        """The stored image to return in place of a draft; raises what `by_key` and `by_bytes` raise."""
        return self.by_key(draft.idempotency) or self.by_bytes(
            draft.owner, draft.sha256, draft.attributes.on_duplicate
        )

    def by_key(self, idempotency: IdempotencyKey | None) -> Image | None:
        """The image that an earlier request with the same idempotency key stored; None if there was none.

        A direct upload that waits for its bytes counts as stored: a repeat returns the same upload.

        Raises
        ------
        IdempotencyMismatch, IdempotencyInProgress, ImageNotFound
        """
        row = self._row_of(idempotency) if idempotency else None
        if row is None or idempotency is None or row.is_expired(self.clock.now()):
            return None
        if row.fingerprint != idempotency.fingerprint:
            raise IdempotencyMismatch("This Idempotency-Key was used for another request; use a new one.")
        image = self._get(row.image_id)
        is_waiting = image.record.staging is not None and not self._is_late(image.record)
        if image.record.state is not State.PENDING or is_waiting:
            return image
        self._abandon_if_late(
            image, IdempotencyInProgress("The first request with this Idempotency-Key is still running.")
        )
        return None

    def by_key_name(self, name: str) -> Image | None:
        """The image, perhaps PENDING, of an idempotency key's name; None if there is none.

        Raises ImageNotFound if the image was deleted.
        """
        row = self.claims.idempotency(name)
        if row is None or row.is_expired(self.clock.now()):
            return None
        return self._get(row.image_id)

    def by_bytes(self, owner: str, sha256: str, on_duplicate: OnDuplicate) -> Image | None:
        """The image that the owner already has with these bytes, unless `on_duplicate` allows a second one.

        Raises
        ------
        DuplicateImage
            `on_duplicate` refuses a second one
        Conflict
            another request is storing it at this moment
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

    def _get(self, image_id: str) -> Image:
        image = self.repository.get(image_id)
        if image is None or image.record.state in {State.DELETING, State.TOMBSTONE}:
            raise ImageNotFound(_DELETED_SINCE)
        return image

    def _row_of(self, idempotency: IdempotencyKey) -> IdempotencyRow | None:
        """The row of a key. If a clock that ran ahead has set its expiry, this sets it to one lifetime from now."""
        row, now = self.claims.idempotency(idempotency.name), self.clock.now()
        if row is not None and is_too_far_ahead(row.expires_at, now, longest=idempotency.lifetime):
            self.claims.bring_forward(idempotency.name, row, to=now + idempotency.lifetime)
        return row

    def _abandon_if_late(self, image: Image, error: Conflict | IdempotencyInProgress) -> None:
        """Abandon a reservation past its deadline; before it, raise the error with the remaining time."""
        now = self.clock.now()
        if not self._is_late(image.record):
            error.retry_after = (image.record.due_at or now) - now
            raise error
        self.repository.replace(image, abandon(image, change=self.ids.token(), at=now))

    def _is_late(self, record: ImageRecord) -> bool:
        return record.due_at is None or is_due(record, self.clock.now())
