"""Wakes the webhooks that are told about an event, once it is in the log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from image_store.domain.events.event import Event
from image_store.domain.webhooks.webhook import (
    SUBSCRIPTIONS_CACHED_FOR,
    Subscription,
    WebhookScope,
    concerned,
)
from image_store.ports.system import Clock
from image_store.ports.webhooks import DeliveryQueue, Webhooks

_MOST_REMEMBERED = 1_000
_NOBODY = ""
"""No owner has this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifying:
    """Wakes webhooks. A wake-up says which webhook, and nothing about events: its turn reads the log.

    So however many events there are at once, a webhook gets one message for them. An owner's webhooks are looked up
    once in `SUBSCRIPTIONS_CACHED_FOR`: for all owners of some events in one read, which is all that a store without
    webhooks pays.
    """

    webhooks: Webhooks
    queue: DeliveryQueue
    clock: Clock
    _known: dict[str, tuple[datetime, Sequence[Subscription]]] = field(default_factory=dict)
    """The webhooks for events of an owner, until they are looked up again; `_NOBODY` for the store itself."""

    def notify(self, events: Sequence[Event]) -> None:
        """Wake the webhooks that these events concern. Safe to repeat; StorageUnavailable if not all were woken."""
        if not events:
            return
        owners = {event.owner or _NOBODY for event in events}
        if ids := concerned(self._subscriptions(owners), events):
            self.queue.wake(ids)

    def _subscriptions(self, owners: set[str]) -> list[Subscription]:
        now = self.clock.now()
        expired = [
            owner
            for owner, (until, _) in self._known.items()
            if now >= until or until - now > SUBSCRIPTIONS_CACHED_FOR  # the clock went back
        ]
        for owner in expired:
            del self._known[owner]
        if unknown := owners - self._known.keys():
            if len(self._known) + len(unknown) > _MOST_REMEMBERED:
                self._known.clear()
                unknown = owners
            subscriptions = self.webhooks.subscriptions(unknown - {_NOBODY})
            until = now + SUBSCRIPTIONS_CACHED_FOR
            for owner in unknown:
                of_owner = [
                    each for each in subscriptions if owner == each.owner or each.scope is WebhookScope.ALL
                ]
                self._known[owner] = until, of_owner
        return [each for owner in owners for each in self._known[owner][1]]
