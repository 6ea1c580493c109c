"""Finds webhooks whose wake-up was lost, and tells how endpoints do."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.ports.system import Clock
from image_store.ports.webhooks import Deliveries, DeliveryQueue, DeliveryTurns, Webhooks

SWEPT_EVERY = timedelta(minutes=15)
"""As the schedule of the function says."""
_LOOKED_AT_EVERY = 4
"""Each webhook is woken in one of so many sweeps, also if nothing is due."""
_OVERDUE = timedelta(minutes=1)
"""A retry that is due for longer was not begun by its message."""
_OWNERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptWebhooks:
    """What a sweep has found."""

    enabled: int = 0
    woken: int = 0
    failing: int = 0
    """Webhooks whose endpoint has accepted nothing since a failure."""
    longest_failure: timedelta = timedelta(0)
    """How long the worst endpoint has been failing: no event that it waits for is much older."""
    is_complete: bool = True
    """Whether there was time for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSweep:
    """Wakes webhooks that have something to do, and each of them about once an hour."""

    webhooks: Webhooks
    turns: DeliveryTurns
    deliveries: Deliveries
    queue: DeliveryQueue
    clock: Clock

    def run(self, *, until: datetime) -> SweptWebhooks:
        """Look at all enabled webhooks. Safe to repeat and to run in several places at once; StorageUnavailable."""
        now = self.clock.now()
        enabled = woken = failing = 0
        longest = timedelta(0)
        after: str | None = None
        while self.clock.now() < until:
            page, after = self.webhooks.directory(after=after, limit=_OWNERS)
            ids = sorted({each.webhook_id for each in page})
            due = [each for each in ids if self._is_due(each, now)]
            if due:
                self.queue.wake(due)
            since = self.turns.failing_since(ids)
            enabled, woken, failing = enabled + len(ids), woken + len(due), failing + len(since)
            longest = max([longest, *(now - each for each in since.values())])
            if after is None:
                return SweptWebhooks(enabled=enabled, woken=woken, failing=failing, longest_failure=longest)
        return SweptWebhooks(
            enabled=enabled, woken=woken, failing=failing, longest_failure=longest, is_complete=False
        )

    def _is_due(self, webhook_id: str, now: datetime) -> bool:
        turn = int(now.timestamp()) // int(SWEPT_EVERY.total_seconds())
        if sum(webhook_id.encode()) % _LOOKED_AT_EVERY == turn % _LOOKED_AT_EVERY:
            return True
        due_at = self.deliveries.next_due_at(webhook_id)
        return due_at is not None and due_at < now - _OVERDUE
