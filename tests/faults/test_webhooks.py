"""Every committed change reaches a webhook, whatever fails between the stream, the queue, the table and the endpoint.

The function behind the stream and the one behind the delivery queue have each of their calls fail in each way. Then an
app that keeps a dictionary of images, from what its endpoint accepts, has what the store has after any history.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from image_store.domain.events.event import Event, EventType, event_body
from image_store.domain.images.image import Visibility
from image_store.services.webhooks.turns import WebhookTurns
from image_store_cli.estimate.calculation import DELIVERY_READ_UNITS, DELIVERY_WRITE_UNITS
from tests.fakes.endpoints import DOWN, OK, SILENT
from tests.faults.event_stream import Follower, StreamedDynamo
from tests.faults.faults import CONFLICTS, Mode, may_conflict, naming_fault
from tests.faults.hooks import Hook
from tests.faults.moments import Moment
from tests.faults.operation import SHARED
from tests.faults.ports import as_a
from tests.faults.test_any_history import History, let_run
from tests.faults.test_events import OFTEN_DISTURBED, Consumer
from tests.faults.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from image_store.ports.webhook_sending import EndpointAnswer

HISTORIES = 15


class Sending:
    """A world with changes that its webhook was not told of yet, set back before each run."""

    def __init__(
        self,
        respond: Callable[[Mapping[str, Any]], EndpointAnswer] | None = None,
        *,
        turns: type[WebhookTurns] = WebhookTurns,
    ) -> None:
        world = World(StreamedDynamo())
        self.follower = Follower(world)
        self.follower.consume_all()
        world.clock.instant += timedelta(seconds=1)
        self.hook = Hook(world)
        if respond is not None:
            self.hook.endpoint.respond = respond
        self.follower.start_anew()  # which has looked for webhooks a moment ago
        world.clock.instant += timedelta(seconds=1)
        image = world.upload(Visibility.PUBLIC)
        world.show(image, Visibility.PRIVATE)
        world.delete_id(image.record.id, permanent=False)
        world.restore_id(image.record.id)
        world.delete_id(image.record.id, permanent=True)
        delivery = world.app.webhook_delivery
        delivery.turns = as_a(turns, delivery.turns)
        self._prepared = Moment(self.follower, self.hook, shared=SHARED)

    @property
    def world(self) -> World:
        return self.hook.world

    @cached_property
    def calls(self) -> Sequence[str]:
        """The calls of a run without a fault."""
        self.run(None, Mode.ERROR_BEFORE)
        return self._calls

    def restore(self) -> None:
        """Go back to where nothing was consumed."""
        self._prepared.restore()

    def run(self, at: str | None, mode: Mode) -> None:
        """Consume the changes and send their events with one fault, then let everything come that is to come."""
        self.restore()
        self.world.faults.begin(at, mode)
        self.follower.consume()
        self.hook.deliver()
        self.hook.sweep()
        self._calls = tuple(self.world.faults.calls)
        self.world.faults.end()
        assert self.world.faults.happened == (at is not None)
        self.follower.consume_all()
        self.hook.settle()

    def expected(self) -> dict[str, Any]:
        """The events of all changes since there is a webhook."""
        since = self.hook.webhook.created_at
        return {
            event.id: event_body(event) for event in self.follower.committed() if event.created_at > since
        }


@pytest.fixture(scope="module")
def sending() -> Sending:
    return Sending()


def assert_heard(sending: Sending) -> None:
    assert sending.hook.accepted == sending.expected()
    assert sending.hook.pending() == 0


def test_without_faults_each_event_is_sent_once(sending: Sending) -> None:
    sending.run(None, Mode.ERROR_BEFORE)

    assert_heard(sending)
    assert len(sending.expected()) == len(sending.hook.endpoint.requests) > 5


def test_a_batch_costs_one_look_for_webhooks_and_one_message(sending: Sending) -> None:
    named = Counter(call.partition("#")[0] for call in sending.calls)

    assert named["delivery.send_message_batch"] == 1
    assert sum(number for name, number in named.items() if name.startswith("hook.post")) == len(
        sending.expected()
    )


def test_a_delivery_that_comes_alone_costs_what_the_estimate_says() -> None:
    sending = Sending()
    sending.follower.consume_all()
    sending.hook.settle()
    sending.world.upload(Visibility.PRIVATE)
    sending.follower.consume_all()
    sending.world.faults.begin()

    sending.hook.deliver()

    named = Counter(call.partition("#")[0] for call in sending.world.faults.calls)
    reads = named["dynamodb.get_item"] + named["dynamodb.query"]
    writes = named["dynamodb.update_item"] + named["dynamodb.batch_write_item"]
    assert (writes, reads) == (DELIVERY_WRITE_UNITS, DELIVERY_READ_UNITS)
    assert sum(number for name, number in named.items() if name.startswith("dynamodb")) == writes + reads


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode not in CONFLICTS])
def test_every_event_is_heard_whichever_call_fails(sending: Sending, mode: Mode) -> None:
    for at in sending.calls:
        with naming_fault(f"{mode} at {at}"):
            sending.run(at, mode)
            assert_heard(sending)


@pytest.mark.parametrize("mode", sorted(CONFLICTS))
def test_every_event_is_heard_whichever_row_a_transaction_holds(sending: Sending, mode: Mode) -> None:
    for at in filter(may_conflict, sending.calls):
        with naming_fault(f"{mode} at {at}"):
            sending.run(at, mode)
            assert_heard(sending)


@pytest.mark.parametrize("mode", [Mode.KILLED_APPLIED, Mode.ANSWER_LOST])
def test_events_that_were_logged_twice_long_ago_hold_nothing_up(sending: Sending, mode: Mode) -> None:
    sending.restore()
    sending.world.faults.begin("dynamodb.batch_write_item#1", mode)
    sending.follower.consume()
    sending.world.faults.end()
    sending.world.clock.instant += timedelta(seconds=1)
    sending.follower.consume_all()
    sending.world.clock.instant += timedelta(minutes=1)

    sending.hook.deliver()

    assert not sending.world.sqs.waiting["delivery"]
    assert_heard(sending)


@pytest.fixture(scope="module")
def refusing() -> Sending:
    """An endpoint that takes each event only when it comes a second time, and no trashed image the first two times."""
    heard: Counter[str] = Counter()

    def respond(event: Mapping[str, Any]) -> EndpointAnswer:
        heard[event["id"]] += 1
        return OK if heard[event["id"]] > (2 if event["type"] == EventType.IMAGE_TRASHED else 1) else DOWN

    return Sending(respond)


@pytest.mark.parametrize(
    "mode", [Mode.ERROR_BEFORE, Mode.ANSWER_LOST, Mode.REPEATED, Mode.KILLED, Mode.KILLED_APPLIED]
)
def test_what_an_endpoint_refuses_at_first_is_heard_whichever_call_fails(
    refusing: Sending, mode: Mode
) -> None:
    for at in refusing.calls:
        with naming_fault(f"{mode} at {at}"):
            refusing.run(at, mode)
            assert_heard(refusing)


class ForgetsFailures(WebhookTurns):
    """Turns that go on behind an event that was not accepted."""

    def _settle(self, chosen: Any, attempts: Any, state: Any) -> Any:
        return state.moved_to(chosen.position)


def test_turns_that_forget_failures_are_caught() -> None:
    """The tests above can fail."""
    sending = Sending(lambda _: SILENT, turns=ForgetsFailures)
    sending.run(None, Mode.ERROR_BEFORE)
    sending.hook.endpoint.respond = lambda _: OK
    sending.hook.settle()

    with pytest.raises(AssertionError):
        assert_heard(sending)


class MirroredHistory(History):
    """A history whose events go to a webhook, on the same failing storage, to an endpoint that fails too."""

    def __init__(self) -> None:
        super().__init__()
        self.follower = Follower(self.world)
        self.hook = Hook(self.world)

    def new_client(self) -> Any:
        return StreamedDynamo()

    @rule(most=st.integers(1, 30), disturbance=OFTEN_DISTURBED)
    def follow(self, most: int, disturbance: Any) -> None:
        with self._disturbed(disturbance, timedelta(0), lambda: None):
            self.follower.consume(most)

    @rule(disturbance=OFTEN_DISTURBED)
    def deliver(self, disturbance: Any) -> None:
        with self._disturbed(disturbance, timedelta(0), lambda: None):
            self.hook.deliver()

    @rule(answer=st.sampled_from([OK, DOWN, SILENT]))
    def answer(self, answer: EndpointAnswer) -> None:
        self.hook.endpoint.answer = answer

    def teardown(self) -> None:
        super().teardown()
        self.follower.consume_all()
        self.hook.endpoint.answer = OK
        self.hook.settle(timedelta(hours=13))
        consumer = Consumer()
        for body in self.hook.endpoint.accepted:
            consumer.handle(event_of(body))

        visible = [
            image.record
            for image in self.world.records()
            if image.record.is_visible and image.record.id != self.world.bystander.record.id
        ]
        mirrored = {
            image_id: image
            for image_id, image in consumer.images.items()
            if image_id != self.world.bystander.record.id
        }
        assert mirrored == {record.id: (record.state.value, record.visibility.value) for record in visible}


def event_of(body: Mapping[str, Any]) -> Event:
    """The event that an endpoint got."""
    return Event(
        id=body["id"],
        type=EventType(body["type"]),
        created_at=datetime.fromisoformat(body["created_at"]),
        owner=body["owner_id"],
        data=body["data"],
    )


def test_a_dictionary_of_an_app_behind_a_webhook_is_what_the_store_has() -> None:
    let_run(settings(max_examples=HISTORIES, print_blob=True), MirroredHistory)


def test_an_app_whose_webhook_hears_nothing_has_something_else() -> None:
    """The test above can fail."""
    history = type("Unheard", (MirroredHistory,), {"parts": {}})()
    history.world.upload(Visibility.PUBLIC)
    del history.world.endpoints.at[history.hook.webhook.url]

    with pytest.raises(AssertionError):
        history.teardown()
