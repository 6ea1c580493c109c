"""Webhooks on ports in memory."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from image_store.domain.events.event import Event, EventType, new_event
from image_store.domain.webhooks.webhook import Webhook, WebhookScope, secret_context, secret_text
from image_store.services.events.reading import LogReader
from image_store.services.webhooks.notifying import Notifying
from image_store.services.webhooks.places import SlowPlaces
from image_store.services.webhooks.replaying import Replaying
from image_store.services.webhooks.sending import Sending
from image_store.services.webhooks.sweep import WebhookSweep
from image_store.services.webhooks.turns import RoundResult, WebhookTurns
from tests.fakes.cipher import MemoryCipher
from tests.fakes.clock import CountedIds, SetClock
from tests.fakes.endpoints import MemoryEndpoint, MemoryEndpoints
from tests.fakes.event_log import MemoryEventLog
from tests.fakes.webhooks import (
    MemoryDeliveries,
    MemoryDeliveryQueue,
    MemoryDeliveryTurns,
    MemoryReplays,
    MemoryWebhooks,
)

OWNER = "alice"
PLACES = 2
"""For endpoints that are slow."""
SECRET = secret_text(base64.urlsafe_b64encode(bytes(32)).decode().rstrip("="))


@dataclass
class Desk:
    """The delivery to webhooks on ports in memory."""

    clock: SetClock = field(default_factory=SetClock)
    numbers: int = 0

    def __post_init__(self) -> None:
        self.ids = CountedIds(self.clock)
        self.log = MemoryEventLog(self.clock)
        self.webhooks = MemoryWebhooks()
        self.deliveries = MemoryDeliveries()
        self.delivery_turns = MemoryDeliveryTurns()
        self.replays = MemoryReplays()
        self.queue = MemoryDeliveryQueue()
        self.cipher = MemoryCipher()
        self.endpoints = MemoryEndpoints(self.clock)
        self.results: list[RoundResult] = []
        self.jitter = lambda most: most / 2
        self.turns = WebhookTurns(
            webhooks=self.webhooks,
            turns=self.delivery_turns,
            deliveries=self.deliveries,
            places=SlowPlaces(turns=self.delivery_turns, number=PLACES),
            replaying=Replaying(
                replays=self.replays, deliveries=self.deliveries, log=self.log, clock=self.clock
            ),
            reader=LogReader(log=self.log, clock=self.clock),
            sending=Sending(sender=self.endpoints, cipher=self.cipher, clock=self.clock),
            queue=self.queue,
            clock=self.clock,
            ids=self.ids,
            jitter=self.jitter,
            report=self.results.append,
        )
        self.notifying = Notifying(webhooks=self.webhooks, queue=self.queue, clock=self.clock)
        self.sweep = WebhookSweep(
            webhooks=self.webhooks,
            turns=self.delivery_turns,
            deliveries=self.deliveries,
            queue=self.queue,
            clock=self.clock,
        )

    def webhook(
        self,
        *,
        owner: str = OWNER,
        types: frozenset[EventType] | None = None,
        scope: WebhookScope = WebhookScope.OWN,
    ) -> tuple[Webhook, MemoryEndpoint]:
        """Create a webhook, with an endpoint that accepts everything."""
        webhook_id = self.ids.token()
        webhook = Webhook(
            id=webhook_id,
            owner=owner,
            url=f"https://hooks.example/{webhook_id}",
            created_at=self.clock.instant,
            created_by="somebody",
            updated_at=self.clock.instant,
            active_since=self.clock.instant,
            sealed_secret=self.cipher.seal(SECRET, context=secret_context(owner, webhook_id)),
            types=types,
            scope=scope,
        )
        self.webhooks.create(webhook)
        endpoint = self.endpoints.at[webhook.url] = MemoryEndpoint()
        return webhook, endpoint

    def change(self, webhook: Webhook, **changes: object) -> Webhook:
        """Change a webhook, as its owner does."""
        after = replace(webhook, version=webhook.version + 1, **changes)  # type: ignore[arg-type]  # a test's own
        self.webhooks.save(after)
        return after

    def record(
        self,
        number: int = 1,
        *,
        owner: str | None = OWNER,
        event_type: EventType = EventType.IMAGE_CREATED,
    ) -> list[Event]:
        """Log as many new events."""
        events = []
        for _ in range(number):
            self.numbers += 1
            events.append(
                new_event(
                    event_type,
                    change=("image", str(self.numbers)),
                    at=self.clock.instant,
                    owner=owner,
                    data={"image_id": f"image-{self.numbers}", "version": 1},
                )
            )
        self.log.append(events)
        return events

    def run(self, webhook: Webhook, *, seconds: float = 55) -> None:
        """Run a turn, as a message has it."""
        self.turns.run(webhook.id, until=self.clock.instant + timedelta(seconds=seconds))

    def pass_time(self, time: timedelta, webhook: Webhook) -> None:
        """Let time pass, in which each message that is due runs a turn."""
        end = self.clock.instant + time
        while self.queue.woken:
            at = self.clock.instant + min(delay for _, delay in self.queue.woken)
            if at > end:
                break
            self.queue.woken.clear()
            self.clock.instant = max(at, self.clock.instant)
            self.run(webhook)
        self.clock.instant = max(end, self.clock.instant)


@pytest.fixture
def desk() -> Desk:
    return Desk()
