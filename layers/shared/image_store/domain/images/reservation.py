"""What is taken, in one transaction, before the first byte of an image is written."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.delivery.publication import PublicationRow
from image_store.domain.images.image import Image
from image_store.domain.images.quota import Quota

RESERVATION_LIFETIME = timedelta(minutes=2)
"""Longer than any function runs that holds a reservation; a test compares it with the template's timeouts."""

LONGEST_RESERVATION = timedelta(minutes=40)
"""Of a direct upload, whose bytes come by a link."""

IDEMPOTENCY_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's promise to mean the same request: bound to owner and route by its name, and to the body."""

    name: str
    """A digest of owner, route and the caller's key."""
    fingerprint: str
    """A digest of the request body and its attributes."""
    lifetime: timedelta = IDEMPOTENCY_LIFETIME
    """For how long it stands for what was stored under it."""


@dataclass(frozen=True, slots=True)
class IdempotencyRow:
    """What the store remembers of an idempotency key."""

    fingerprint: str
    image_id: str
    expires_at: datetime
    """In whole seconds. The row may be read for days longer, and counts as absent."""

    def is_expired(self, at: datetime) -> bool:
        """Whether the key stands for nothing any more and may be taken anew."""
        return self.expires_at < at.replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Reservation:
    """A PENDING record with all that is taken together with it."""

    image: Image
    quota: Quota
    idempotency: IdempotencyKey | None
    publication: PublicationRow | None
    expires_at: datetime
    """When the idempotency row may be forgotten."""


@dataclass(frozen=True, slots=True)
class Copies:
    """The images of an owner with the same checksum, and the one that holds the guard."""

    image_ids: tuple[str, ...]
    guard: str | None
