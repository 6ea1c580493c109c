"""A thousand events for twenty endpoints, of which two are dead and three hang: the others do not wait for them."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from threading import Event as Signal
from threading import Lock, Thread
from typing import TYPE_CHECKING

import pytest

from image_store.domain.events.log import SETTLING
from image_store.domain.work import DeliverWebhook
from image_store.entrypoints.webhooks.delivery import handle_wakes
from image_store.ports.webhook_sending import EndpointAnswer, Sender
from image_store.ports.webhooks import Deliveries, DeliveryQueue
from image_store.services.webhooks.sending import PARALLEL, Sending
from image_store.services.webhooks.turns import LONGEST_DELAY
from tests.fakes.endpoints import OK, SILENT
from tests.fakes.webhooks import MemoryDeliveries
from tests.unit.webhooks.conftest import PLACES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from image_store.domain.webhooks.deliveries import DeliveryChange, DeliveryStatus, EventDelivery
    from tests.fakes.clock import SetClock
    from tests.unit.webhooks.conftest import Desk

EVENTS, BURST = 1_000, 100
ENDPOINTS, DEAD, HANGING = 20, 2, 3
INVOCATIONS, BATCH = 5, 10
"""How many run at a time by default (`DeliveryConcurrency`), and how many messages each gets at most."""
PATIENCE_SECONDS = 120
"""Only a failure takes as long."""


class PartitionedDeliveries(Deliveries):
    """Deliveries in memory, apart for each webhook, as in the table: its turn is the only one that looks at them."""

    def __init__(self) -> None:
        self._parts: dict[str, MemoryDeliveries] = defaultdict(MemoryDeliveries)

    def get(self, webhook_id: str, event_id: str) -> EventDelivery | None:
        return self._parts[webhook_id].get(webhook_id, event_id)

    def save(self, changes: Sequence[DeliveryChange]) -> None:
        for change in changes:
            self._parts[change.after.webhook_id].save([change])

    def page(
        self, webhook_id: str, *, status: DeliveryStatus | None, after: str | None, limit: int
    ) -> tuple[Sequence[EventDelivery], str | None]:
        return self._parts[webhook_id].page(webhook_id, status=status, after=after, limit=limit)

    def due(self, webhook_id: str, *, at: datetime, limit: int) -> Sequence[EventDelivery]:
        return self._parts[webhook_id].due(webhook_id, at=at, limit=limit)

    def next_due_at(self, webhook_id: str) -> datetime | None:
        return self._parts[webhook_id].next_due_at(webhook_id)


class Endpoints(Sender):
    """Endpoints that accept, are dead, or hang until somebody releases them."""

    def __init__(self, clock: SetClock) -> None:
        self.dead: set[str] = set()
        self.hanging: set[str] = set()
        self.release = Signal()
        self.accepted: dict[str, set[str]] = defaultdict(set)
        self.requests: dict[str, int] = defaultdict(int)
        self.have_heard = Signal()
        self.held: set[str] = set()
        """Those that hang at this moment, and hold their turns."""
        self.most_held = 0
        self._clock = clock
        self._awaited: tuple[int, set[str]] = (0, set())
        self._lock = Lock()

    def await_events(self, number: int, *, of: set[str]) -> None:
        """Say when each of these has accepted so many events."""
        self.have_heard.clear()
        self._awaited = (number, of)

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, until: datetime) -> EndpointAnswer:
        with self._lock:
            self.requests[url] += 1
        if url in self.dead:
            return EndpointAnswer(error="unreachable")
        if url in self.hanging:
            with self._lock:
                self.held.add(url)
                self.most_held = max(self.most_held, len(self.held))
            self.release.wait(PATIENCE_SECONDS)
            with self._lock:
                self.held.discard(url)
                self._clock.instant = max(self._clock.instant, until)
            return SILENT
        with self._lock:
            self.accepted[url].add(headers["webhook-id"])
            number, of = self._awaited
            if len(self.accepted[url]) == number and all(len(self.accepted[each]) == number for each in of):
                self.have_heard.set()
        return OK


@dataclass
class Queue(DeliveryQueue):
    """A queue whose messages several invocations receive at a time.

    Those with a delay wait for another day; or, with a clock, time passes as soon as there are no others.
    """

    clock: SetClock | None = None

    def __post_init__(self) -> None:
        self.messages: list[str] = []
        self.later: set[str] = set()
        self._lock = Lock()

    def wake(self, webhook_ids: Collection[str], *, delay: timedelta = timedelta(0)) -> None:
        with self._lock:
            if delay:
                self.later |= set(webhook_ids)
            else:
                self.messages += sorted(webhook_ids)

    def receive(self) -> list[str]:
        with self._lock:
            if self.clock is not None and not self.messages:
                self.messages, self.later = sorted(self.later), set()
                self.clock.instant += LONGEST_DELAY if self.messages else timedelta(0)
            batch, self.messages = self.messages[:BATCH], self.messages[BATCH:]
        return batch


class Deployment:
    """The delivery of a desk, with a queue, and invocations of its function."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.queue, self.endpoints = Queue(), Endpoints(desk.clock)
        desk.notifying = replace(desk.notifying, queue=self.queue)
        desk.turns = replace(
            desk.turns,
            deliveries=PartitionedDeliveries(),
            queue=self.queue,
            sending=Sending(sender=self.endpoints, cipher=desk.cipher, clock=desk.clock),
        )
        self._is_over = Signal()

    def invoke(self) -> None:
        """Receive batches, as one of the invocations that run at a time, until all is over."""
        while not self._is_over.wait(0.001):
            if batch := self.queue.receive():
                records = [
                    {"messageId": str(number), "body": json.dumps({"work": "DeliverWebhook", **asdict(work)})}
                    for number, work in enumerate(map(DeliverWebhook, batch))
                ]
                assert handle_wakes({"Records": records}, run=self._run) == {"batchItemFailures": []}

    def work_while(self, *, until: Signal) -> None:
        """Let the invocations run until somebody says that it is enough."""
        self._is_over.clear()
        invocations = [Thread(target=self.invoke, daemon=True) for _ in range(INVOCATIONS)]
        for each in invocations:
            each.start()
        assert until.wait(PATIENCE_SECONDS), {url: len(ids) for url, ids in self.endpoints.accepted.items()}
        self.endpoints.release.set()
        self._is_over.set()
        for each in invocations:
            each.join(PATIENCE_SECONDS)
            assert not each.is_alive()

    def _run(self, webhook_id: str) -> None:
        self.desk.turns.run(webhook_id, until=self.desk.clock.instant + timedelta(seconds=60))


@pytest.fixture
def deployment(desk: Desk) -> Deployment:
    return Deployment(desk)


def test_endpoints_that_are_dead_or_hang_delay_no_other(deployment: Deployment, desk: Desk) -> None:
    urls = [desk.webhook()[0].url for _ in range(ENDPOINTS)]
    endpoints = deployment.endpoints
    endpoints.dead = set(urls[:DEAD])
    endpoints.hanging = set(urls[DEAD : DEAD + HANGING])
    working = set(urls) - endpoints.dead - endpoints.hanging
    endpoints.await_events(EVENTS, of=working)
    ids: set[str] = set()

    for _ in range(EVENTS // BURST):
        events = desk.record(BURST)
        ids |= {event.id for event in events}
        desk.notifying.notify(events)
        desk.clock.instant += SETTLING  # what is newer could still get company from another writer
    deployment.work_while(until=endpoints.have_heard)

    assert {url: endpoints.accepted[url] == ids for url in working} == dict.fromkeys(working, True)
    assert {url: endpoints.requests[url] for url in working} == dict.fromkeys(working, EVENTS)
    assert all(endpoints.requests[url] <= PARALLEL for url in endpoints.dead | endpoints.hanging)

    later = endpoints.dead | endpoints.hanging
    endpoints.dead, endpoints.hanging = set(), set()
    endpoints.await_events(EVENTS, of=later)
    desk.clock.instant += timedelta(hours=1)
    deployment.queue.clock = desk.clock
    deployment.work_while(until=endpoints.have_heard)

    assert {url: endpoints.accepted[url] == ids for url in later} == dict.fromkeys(later, True)


def test_endpoints_that_hang_hold_few_invocations_however_many_they_are(
    deployment: Deployment, desk: Desk
) -> None:
    webhooks = [desk.webhook()[0] for _ in range(ENDPOINTS)]
    hanging = webhooks[: 2 * INVOCATIONS]
    endpoints = deployment.endpoints
    endpoints.hanging = {each.url for each in hanging}
    working = {each.url for each in webhooks} - endpoints.hanging
    desk.record()
    endpoints.release.set()
    for each in hanging:  # each has hung once before
        desk.run(each)
    endpoints.release.clear()
    endpoints.most_held = 0
    desk.clock.instant += timedelta(minutes=30)

    desk.notifying.notify(desk.record(BURST))
    desk.clock.instant += SETTLING
    endpoints.await_events(1 + BURST, of=working)
    deployment.work_while(until=endpoints.have_heard)

    assert 0 < endpoints.most_held <= PLACES < INVOCATIONS
    assert {len(endpoints.accepted[url]) for url in working} == {1 + BURST}
    assert {len(endpoints.accepted[url]) for url in endpoints.hanging} == {0}
