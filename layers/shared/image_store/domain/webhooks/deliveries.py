"""Deliveries: what was sent to a webhook, with which result, and what is to be sent again.

A webhook has one delivery of each event, however often it is tried or replayed. Its turn (`Turn`) reads the event log
from the webhook's position, so an event that was not tried yet has no delivery.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from image_store.domain.events.event import Event
from image_store.domain.upkeep.cleanup import Lease

DELIVERY_RETENTION = timedelta(days=30)
"""How long a delivery is listed after its last attempt."""
LONGEST_WAIT = timedelta(hours=12)
"""A retry that is further ahead was put off by a wrong clock, and is due."""
LONGEST_TURN = timedelta(minutes=15)
"""More than a function can run; a lease that ends later was taken with a wrong clock."""


class DeliveryStatus(StrEnum):
    """What became of a delivery."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """All attempts failed; only a replay sends it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at sending an event."""

    at: datetime
    duration_ms: int
    status: int | None = None
    """The HTTP status of the answer; None if there was none."""
    error: str | None = None
    """A code for why there was no answer, such as `timeout`; never text of the endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDelivery:
    """An event that is sent to a webhook."""

    webhook_id: str
    event: Event
    created_at: datetime
    status: DeliveryStatus = DeliveryStatus.PENDING
    attempts: int = 0
    """In all, with those of earlier replays."""
    tries: int = 0
    """Since it was last asked for: the schedule of retries begins anew with a replay."""
    tries_since: datetime
    """When it was last asked for."""
    last_attempt: Attempt | None = None
    next_attempt_at: datetime | None = None
    """When a pending delivery is tried again; None of all others."""

    @property
    def is_pending(self) -> bool:
        """Whether it is to be tried (again)."""
        return self.status is DeliveryStatus.PENDING

    def delivered(self, attempt: Attempt) -> "EventDelivery":
        """The delivery after an attempt that succeeded."""
        return self._tried(attempt, DeliveryStatus.DELIVERED, None)

    def retried(self, attempt: Attempt, *, next_attempt_at: datetime) -> "EventDelivery":
        """The delivery after an attempt that failed, and that is not the last one."""
        return self._tried(attempt, DeliveryStatus.PENDING, next_attempt_at)

    def failed(self, attempt: Attempt) -> "EventDelivery":
        """The delivery after its last attempt, which failed."""
        return self._tried(attempt, DeliveryStatus.FAILED, None)

    def replayed(self, *, at: datetime) -> "EventDelivery":
        """The delivery that is to be sent again, at once."""
        return replace(self, status=DeliveryStatus.PENDING, tries=0, tries_since=at, next_attempt_at=at)

    def _tried(
        self, attempt: Attempt, status: DeliveryStatus, next_attempt_at: datetime | None
    ) -> "EventDelivery":
        return replace(
            self,
            status=status,
            attempts=self.attempts + 1,
            tries=self.tries + 1,
            last_attempt=attempt,
            next_attempt_at=next_attempt_at,
        )


def new_delivery(webhook_id: str, event: Event, *, at: datetime) -> EventDelivery:
    """The delivery of an event that was not tried yet, and is due now."""
    return EventDelivery(
        webhook_id=webhook_id, event=event, created_at=at, tries_since=at, next_attempt_at=at
    )


@dataclass(frozen=True, slots=True)
class DeliveryChange:
    """A delivery as it was read, and as it is to be saved."""

    before: EventDelivery | None
    """None if it is new."""
    after: EventDelivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The wish to send again all events of a time, or all failed deliveries."""

    id: str
    webhook_id: str
    created_at: datetime
    after: datetime | None = None
    """Events that were logged from here on; None for the failed deliveries."""
    until: datetime | None = None
    cursor: str | None = None
    """How far it has come, in words of whoever carries it out."""

    @property
    def is_of_failed(self) -> bool:
        """Whether it is about failed deliveries, and not about a time."""
        return self.after is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The right to send to a webhook, which one run at a time has, and what runs remember of the webhook."""

    webhook_id: str
    lease: Lease
    position: str | None = None
    """How far the log was read (`LogPosition.as_text`); None before the first turn."""
    failing_since: datetime | None = None
    """The first failure after the last success; None after a success."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """Other JSON that turns keep."""
