"""Slow endpoints need a place for their turns, and there are few places."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from image_store.domain.errors import StorageUnavailable
from image_store.services.webhooks.places import SLOW_AFTER, SlowPlaces
from image_store.services.webhooks.turns import LEASE
from tests.fakes.endpoints import DOWN
from tests.unit.webhooks.conftest import PLACES, Desk

if TYPE_CHECKING:
    from image_store.domain.webhooks.deliveries import Turn
    from image_store.domain.webhooks.webhook import Webhook
    from image_store.ports.webhook_sending import EndpointAnswer
    from tests.fakes.endpoints import MemoryEndpoint

SLOWLY = SLOW_AFTER + timedelta(seconds=1)


@pytest.fixture
def slow(desk: Desk) -> tuple[Webhook, MemoryEndpoint]:
    """A webhook whose endpoint was slow in its last round, and accepted one event."""
    webhook, endpoint = desk.webhook()
    endpoint.takes = SLOWLY
    desk.record()
    desk.run(webhook)
    return webhook, endpoint


def take_all(desk: Desk) -> list[Turn]:
    """Take every place that is free."""
    now, places = desk.clock.instant, desk.turns.places
    tries = [places.take(holder=f"other {number}", at=now, until=now + LEASE) for number in range(PLACES)]
    return [place for place in tries if place is not None]


def test_a_slow_endpoint_gets_its_next_event_when_a_place_is_free(
    desk: Desk, slow: tuple[Webhook, MemoryEndpoint]
) -> None:
    webhook, endpoint = slow
    others = take_all(desk)
    [event] = desk.record()

    desk.run(webhook)
    before = list(endpoint.accepted_ids)
    for each in others:
        desk.turns.places.leave(each)
    desk.pass_time(timedelta(seconds=11), webhook)

    assert event.id not in before
    assert endpoint.accepted_ids[-1] == event.id
    assert len(take_all(desk)) == PLACES


def test_an_endpoint_that_waits_for_a_place_is_woken_once(
    desk: Desk, slow: tuple[Webhook, MemoryEndpoint]
) -> None:
    webhook, _ = slow
    take_all(desk)

    for _ in range(20):
        desk.record()
        desk.run(webhook)

    [(woken, delay)] = desk.queue.woken
    assert woken == webhook.id
    assert timedelta(seconds=5) <= delay <= timedelta(seconds=10)


def test_an_endpoint_that_is_quick_again_needs_no_place(
    desk: Desk, slow: tuple[Webhook, MemoryEndpoint]
) -> None:
    webhook, endpoint = slow
    endpoint.takes = timedelta(0)
    desk.record()
    desk.run(webhook)
    take_all(desk)
    [event] = desk.record()

    desk.run(webhook)

    assert endpoint.accepted_ids[-1] == event.id


def test_an_endpoint_that_refuses_quickly_needs_no_place(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    endpoint.answer = DOWN
    desk.record()
    desk.run(webhook)
    take_all(desk)

    desk.pass_time(timedelta(minutes=3), webhook)

    assert len(endpoint.requests) == 3


def test_a_slow_endpoint_gets_one_round_without_a_place(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    endpoint.takes = SLOWLY
    take_all(desk)
    desk.record(30)

    desk.run(webhook, seconds=600)

    assert len(endpoint.requests) == 10


def test_a_place_is_free_again_after_a_failure_and_when_its_lease_ends(
    desk: Desk, slow: tuple[Webhook, MemoryEndpoint]
) -> None:
    webhook, endpoint = slow
    desk.record()

    def fail(_: object) -> EndpointAnswer:
        raise StorageUnavailable("The table does not answer.")

    endpoint.respond = fail
    with pytest.raises(StorageUnavailable):
        desk.run(webhook)

    assert len(take_all(desk)) == PLACES
    desk.clock.instant += LEASE + timedelta(seconds=1)
    assert len(take_all(desk)) == PLACES


def test_a_free_place_is_found_without_trying_each_of_many(desk: Desk) -> None:
    places = SlowPlaces(turns=desk.delivery_turns, number=500)
    now = desk.clock.instant

    tries = [places.take(holder=f"{number:016x}", at=now, until=now + LEASE) for number in range(100)]

    assert len({place.webhook_id for place in tries if place is not None}) > 20
