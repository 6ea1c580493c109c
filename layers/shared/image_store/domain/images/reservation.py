"""The reservation of an image: everything that one transaction writes before the first byte is stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from image_store.domain.delivery.publication import PublicationRow
from image_store.domain.errors import ImageStoreError, InvalidToken, UploadTokenUsedUp
from image_store.domain.images.image import Image
from image_store.domain.images.quota import Quota

RESERVATION_LIFETIME = timedelta(minutes=2)
"""Longer than the timeout of every function that reserves; a test compares it with the template."""

LONGEST_RESERVATION = timedelta(minutes=40)
"""The lifetime of the reservation of a direct upload."""

IDEMPOTENCY_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's key for one request, bound to owner, route and body, so that a repeat is recognised."""

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
    """In whole seconds. DynamoDB may return the row for days longer; then it counts as absent."""

    def is_expired(self, at: datetime) -> bool:
        """Whether the key is free for another request."""
        return self.expires_at < at.replace(microsecond=0)


class CounterKind(StrEnum):
    """The kinds of counters, besides the usage of an owner."""

    UPLOAD_TOKEN = "upload_token"  # noqa: S105 - a kind
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True)
class Counter:
    """A row that counts images and bytes."""

    kind: CounterKind
    id: str
    period: str = ""
    """The day or month that it counts; empty for one that counts without an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a reservation adds to a counter, on the condition that the counter has room.

    A charge is never given back, not even if the reservation is abandoned.
    """

    counter: Counter
    images: int = 1
    size_bytes: int = 0
    max_images: int | None = None
    """The most images that the counter may count; None is no limit."""
    max_bytes: int | None = None
    ends_at: datetime
    """From this instant on nothing is charged."""

    def check_end(self, at: datetime) -> None:
        """Raise the error of a counter that has ended."""
        if self.ends_at <= at:
            raise InvalidToken("The upload token has expired.")

    @property
    def refusal(self) -> ImageStoreError:
        """The error for a charge beyond the limits."""
        return UploadTokenUsedUp()


@dataclass(frozen=True, slots=True)
class Reservation:
    """A PENDING image, and everything that is written in the same transaction."""

    image: Image
    quota: Quota
    idempotency: IdempotencyKey | None
    publication: PublicationRow | None
    idempotency_expires_at: datetime
    """When the row of the idempotency key expires, if there is a key."""
    charges: tuple[Charge, ...] = ()
    """At most one for each counter: a transaction takes one operation for each row."""


@dataclass(frozen=True, slots=True)
class Copies:
    """The images of an owner with the same checksum, and the one that holds the guard."""

    image_ids: tuple[str, ...]
    guard: str | None
