"""Webhooks, deliveries, turns, replays and their queue in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from image_store.domain.deadlines import has_passed, latest_deadline
from image_store.domain.errors import Conflict, TooManyWebhooks, WebhookUrlNotAllowed
from image_store.domain.upkeep.cleanup import Lease
from image_store.domain.webhooks.deliveries import (
    LONGEST_TURN,
    LONGEST_WAIT,
    DeliveryChange,
    DeliveryStatus,
    EventDelivery,
    Replay,
    Turn,
)
from image_store.domain.webhooks.webhook import MAX_WEBHOOKS, Subscription, Webhook, WebhookScope
from image_store.ports.webhooks import (
    Deliveries,
    DeliveryQueue,
    DeliveryTurns,
    EndpointRules,
    Replays,
    Webhooks,
)


class MemoryWebhooks(Webhooks):
    """Webhooks in memory; `subscription_reads` counts how often the directory was read."""

    def __init__(self) -> None:
        self.subscription_reads = 0
        self._webhooks: dict[str, Webhook] = {}

    def create(self, webhook: Webhook) -> None:
        if webhook.id in self._webhooks:
            raise Conflict("There is a webhook with this id.")
        if len(self.of_owner(webhook.owner)) >= MAX_WEBHOOKS:
            raise TooManyWebhooks
        self._webhooks[webhook.id] = webhook

    def get(self, webhook_id: str) -> Webhook | None:
        webhook = self._webhooks.get(webhook_id)
        return None if webhook is None or webhook.deleted_at is not None else webhook

    def of_owner(self, owner: str) -> Sequence[Webhook]:
        of_it = [each for each in self._present() if each.owner == owner]
        return sorted(of_it, key=lambda webhook: (webhook.created_at, webhook.id), reverse=True)

    def save(self, after: Webhook) -> None:
        current = self.get(after.id)
        if current is None or current.version != after.version - 1:
            raise Conflict("Another change was first.")
        self._webhooks[after.id] = after

    def remove(self, webhook: Webhook, *, at: datetime) -> None:
        self.save(replace(webhook, version=webhook.version + 1, deleted_at=at))

    def subscriptions(self, owners: Collection[str]) -> Sequence[Subscription]:
        self.subscription_reads += 1
        return [
            each.subscription
            for each in self._present()
            if each.is_enabled and (each.scope is WebhookScope.ALL or each.owner in owners)
        ]

    def directory(self, *, after: str | None, limit: int) -> tuple[Sequence[Subscription], str | None]:
        owners = sorted({each.owner for each in self._present() if after is None or each.owner > after})
        page = owners[:limit]
        matching = [each.subscription for each in self._present() if each.is_enabled and each.owner in page]
        return matching, page[-1] if len(owners) > limit else None

    def _present(self) -> list[Webhook]:
        return [each for each in self._webhooks.values() if each.deleted_at is None]


class MemoryDeliveries(Deliveries):
    """Deliveries in memory."""

    def __init__(self) -> None:
        self._deliveries: dict[tuple[str, str], EventDelivery] = {}

    def get(self, webhook_id: str, event_id: str) -> EventDelivery | None:
        return self._deliveries.get((webhook_id, event_id))

    def save(self, changes: Sequence[DeliveryChange]) -> None:
        for change in changes:
            self._deliveries[change.after.webhook_id, change.after.event.id] = change.after

    def page(
        self, webhook_id: str, *, status: DeliveryStatus | None, after: str | None, limit: int
    ) -> tuple[Sequence[EventDelivery], str | None]:
        matching = [
            each
            for each in sorted(self._of(webhook_id), key=lambda each: each.event.id, reverse=True)
            if status in (None, each.status) and (after is None or each.event.id < after)
        ]
        return matching[:limit], matching[limit - 1].event.id if len(matching) > limit else None

    def due(self, webhook_id: str, *, at: datetime, limit: int) -> Sequence[EventDelivery]:
        return [
            each
            for due_at, _, each in self._pending(webhook_id)
            if has_passed(due_at, at, longest=LONGEST_WAIT)
        ][:limit]

    def next_due_at(self, webhook_id: str) -> datetime | None:
        return next((due_at for due_at, _, _ in self._pending(webhook_id)), None)

    def _of(self, webhook_id: str) -> list[EventDelivery]:
        return [each for each in self._deliveries.values() if each.webhook_id == webhook_id]

    def _pending(self, webhook_id: str) -> list[tuple[datetime, str, EventDelivery]]:
        of_it = self._of(webhook_id)
        return sorted(
            (
                (each.next_attempt_at, each.event.id, each)
                for each in of_it
                if each.next_attempt_at is not None
            ),
            key=lambda entry: entry[:2],
        )


class MemoryDeliveryTurns(DeliveryTurns):
    """Turns in memory."""

    def __init__(self) -> None:
        self._turns: dict[str, Turn] = {}
        self._until: dict[str, datetime] = {}

    def take(self, webhook_id: str, *, holder: str, at: datetime, until: datetime) -> Turn | None:
        current, ends_at = self._turns.get(webhook_id), self._until.get(webhook_id)
        is_free = (
            current is None
            or ends_at is None
            or not at <= ends_at <= latest_deadline(at, longest=LONGEST_TURN)
            or current.lease.holder == holder
        )
        if not is_free:
            return None
        lease = Lease(holder, current.lease.token + 1 if current is not None else 1)
        turn = (
            replace(current, lease=lease) if current is not None else Turn(webhook_id=webhook_id, lease=lease)
        )
        self._turns[webhook_id], self._until[webhook_id] = turn, until
        return turn

    def save(self, turn: Turn, *, at: datetime) -> None:
        if not self._is_held(turn):
            raise Conflict("Another run has turn over this webhook.")
        self._turns[turn.webhook_id] = turn

    def end(self, turn: Turn) -> None:
        if self._is_held(turn):
            self._until.pop(turn.webhook_id, None)

    def failing_since(self, webhook_ids: Sequence[str]) -> dict[str, datetime]:
        matching = {each: self._turns[each].failing_since for each in webhook_ids if each in self._turns}
        return {webhook_id: since for webhook_id, since in matching.items() if since is not None}

    def _is_held(self, turn: Turn) -> bool:
        current = self._turns.get(turn.webhook_id)
        return current is not None and current.lease.token == turn.lease.token


class MemoryReplays(Replays):
    """Replays in memory."""

    def __init__(self) -> None:
        self._replays: dict[str, Replay] = {}

    def request(self, replay: Replay) -> None:
        if replay.webhook_id in self._replays:
            raise Conflict("A replay of this webhook is under way.")
        self._replays[replay.webhook_id] = replay

    def current(self, webhook_id: str) -> Replay | None:
        return self._replays.get(webhook_id)

    def under_way(self, webhook_ids: Sequence[str]) -> dict[str, Replay]:
        return {each: self._replays[each] for each in webhook_ids if each in self._replays}

    def save(self, replay: Replay) -> None:
        if self._is_current(replay):
            self._replays[replay.webhook_id] = replay

    def end(self, replay: Replay) -> None:
        if self._is_current(replay):
            del self._replays[replay.webhook_id]

    def _is_current(self, replay: Replay) -> bool:
        current = self._replays.get(replay.webhook_id)
        return current is not None and current.id == replay.id


class MemoryDeliveryQueue(DeliveryQueue):
    """Remembers the turns that were woken, with their delays."""

    def __init__(self) -> None:
        self.woken: list[tuple[str, timedelta]] = []

    def wake(self, webhook_ids: Collection[str], *, delay: timedelta = timedelta(0)) -> None:
        self.woken += [(each, delay) for each in sorted(webhook_ids)]


class HttpsAlone(EndpointRules):
    """Allows every https address."""

    def check(self, url: str) -> str:
        if not url.startswith("https://"):
            raise WebhookUrlNotAllowed
        return url
