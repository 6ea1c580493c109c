"""The reservation of an image: everything that one transaction takes before the first byte is written."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.delivery.publication import PublicationRow
from image_store.domain.images.image import Image
from image_store.domain.images.quota import Quota

RESERVATION_LIFETIME = timedelta(minutes=2)
"""Longer than any function runs that holds a reservation; a test compares it with the template's timeouts."""

LONGEST_RESERVATION = timedelta(minutes=40)
"""The lifetime for a direct upload, whose bytes come by a link."""

IDEMPOTENCY_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's key for one request, bound to owner, route and body: a repeat means the same request."""

    name: str
    """A digest of owner, route and the caller's key."""
    fingerprint: str
    """A digest of the request body and its attributes."""
    lifetime: timedelta = IDEMPOTENCY_LIFETIME
    """How long a repeat returns the first result."""


@dataclass(frozen=True, slots=True)
class IdempotencyRow:
    """The row of an idempotency key."""

    fingerprint: str
    image_id: str
    expires_at: datetime
    """In whole seconds. The row may be read for days longer, and counts as absent."""

    def is_expired(self, at: datetime) -> bool:
        """Whether the key is free for another request."""
        return self.expires_at < at.replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Reservation:
    """A PENDING image with everything that is taken together with it."""

    image: Image
    quota: Quota
    idempotency: IdempotencyKey | None
    publication: PublicationRow | None
    expires_at: datetime
    """When the idempotency row expires."""


@dataclass(frozen=True, slots=True)
class Copies:
    """The images of an owner with the same checksum, and the one that holds the guard."""

    image_ids: tuple[str, ...]
    guard: str | None
