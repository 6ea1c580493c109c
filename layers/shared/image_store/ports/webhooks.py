"""Ports of webhooks: where they are kept, what is sent to them, and what wakes their turns.

All methods raise StorageUnavailable if the store behind them does not answer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from image_store.domain.webhooks.deliveries import (
        DeliveryChange,
        DeliveryStatus,
        EventDelivery,
        Replay,
        Turn,
    )
    from image_store.domain.webhooks.webhook import Subscription, Webhook


class Webhooks(Protocol):
    """The webhooks of owners. A webhook that was deleted is as one that never was."""

    def create(self, webhook: Webhook) -> None:
        """Write a new webhook; TooManyWebhooks if its owner has `MAX_WEBHOOKS`, however many requests come at once.

        Safe to repeat after a lost response.
        """
        ...

    def get(self, webhook_id: str) -> Webhook | None:
        """A webhook, strongly consistent."""
        ...

    def of_owner(self, owner: str) -> Sequence[Webhook]:
        """All webhooks that an owner has, the newest first; strongly consistent."""
        ...

    def save(self, after: Webhook) -> None:
        """Write a change, which raised the version by one; Conflict if another change was first."""
        ...

    def remove(self, webhook: Webhook, *, at: datetime) -> None:
        """Delete a webhook and its secrets for good. Safe to repeat; Conflict if it was changed meanwhile."""
        ...

    def subscriptions(self, owners: Collection[str]) -> Sequence[Subscription]:
        """The enabled webhooks that are told about the events of one of these owners: theirs, and those of scope all.

        One read of a small row for each owner, and one for all; a change can be a second old.
        """
        ...

    def directory(self, *, after: str | None, limit: int) -> tuple[Sequence[Subscription], str | None]:
        """The enabled webhooks of all owners, those of about `limit` owners at a time, and where to go on."""
        ...


class Deliveries(Protocol):
    """What is sent to webhooks.

    No write states a condition: after any race, an event is sent once more than needed at most.
    """

    def get(self, webhook_id: str, event_id: str) -> EventDelivery | None:
        """The delivery of an event, strongly consistent."""
        ...

    def save(self, changes: Sequence[DeliveryChange]) -> None:
        """Write deliveries of different events. Safe to repeat.

        What is pending before or after costs a transaction each; all others are written in batches.
        """
        ...

    def page(
        self, webhook_id: str, *, status: DeliveryStatus | None, after: str | None, limit: int
    ) -> tuple[Sequence[EventDelivery], str | None]:
        """Deliveries by the time of their events, the newest first, and where to go on (None at the end).

        With a status a page may be short, or empty.
        """
        ...

    def due(self, webhook_id: str, *, at: datetime, limit: int) -> Sequence[EventDelivery]:
        """At most `limit` pending deliveries whose time has come, the earliest first; strongly consistent.

        One that is further ahead than `LONGEST_WAIT` is among them, as only a wrong clock can have put it off.
        """
        ...

    def next_due_at(self, webhook_id: str) -> datetime | None:
        """When the first pending delivery is due; None if there is none."""
        ...


class Replays(Protocol):
    """Replays that are to be carried out, at most one for each webhook."""

    def request(self, replay: Replay) -> None:
        """Write a new replay; Conflict while another one of this webhook is under way. Safe after a lost response."""
        ...

    def current(self, webhook_id: str) -> Replay | None:
        """The replay that is under way."""
        ...

    def under_way(self, webhook_ids: Sequence[str]) -> dict[str, Replay]:
        """The replays of these webhooks that are under way, as they were a moment ago."""
        ...

    def save(self, replay: Replay) -> None:
        """Note how far a replay has come; nothing happens if it is no longer the current one."""
        ...

    def end(self, replay: Replay) -> None:
        """Remove a replay that is done. Safe to repeat."""
        ...


class DeliveryTurns(Protocol):
    """The turns of webhooks: one run at a time sends to a webhook."""

    def take(self, webhook_id: str, *, holder: str, at: datetime, until: datetime) -> Turn | None:
        """Take the turn of a webhook; None while another run has it."""
        ...

    def save(self, turn: Turn, *, at: datetime) -> None:
        """Write what is remembered; Conflict if another run has taken over. Safe to repeat."""
        ...

    def end(self, turn: Turn) -> None:
        """Give the turn back; nothing happens if it was lost."""
        ...

    def failing_since(self, webhook_ids: Sequence[str]) -> dict[str, datetime]:
        """Since when deliveries of these webhooks fail; those that do not fail are left out."""
        ...


class DeliveryQueue(Protocol):
    """Wakes the turns of webhooks."""

    def wake(self, webhook_ids: Collection[str], *, delay: timedelta = timedelta(0)) -> None:
        """Have the turn of each of these webhooks begin after a delay of at most 15 minutes, at least once."""
        ...


class EndpointRules(Protocol):
    """Which addresses a webhook may have."""

    def check(self, url: str) -> str:
        """The address in its usual spelling; WebhookUrlNotAllowed if the deployment does not allow it.

        Whatever its name resolves to is checked at each delivery.
        """
        ...
