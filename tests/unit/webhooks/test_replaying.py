"""Replays send again what they are about, with the same ids, and delay no new event."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from image_store.domain.webhooks.deliveries import DeliveryStatus, Replay
from image_store.domain.webhooks.retrying import RETRIED_FOR
from tests.fakes.endpoints import DOWN, OK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from image_store.domain.events.event import Event
    from tests.unit.webhooks.conftest import Desk


def ids(events: Sequence[Event]) -> list[str]:
    return [event.id for event in events]


def test_a_replay_of_a_time_sends_its_events_again_with_their_ids(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    before = desk.record(2)
    desk.clock.instant += timedelta(minutes=10)
    begin = desk.clock.instant
    again = desk.record(25)
    desk.clock.instant += timedelta(minutes=10)
    end = desk.clock.instant
    after = desk.record(2)
    desk.run(webhook)
    assert sorted(endpoint.heard) == sorted(ids(before + again + after))
    endpoint.requests.clear()
    desk.replays.request(Replay(id="r", webhook_id=webhook.id, created_at=end, after=begin, until=end))

    desk.run(webhook)

    assert sorted(endpoint.heard) == sorted(ids(again))
    assert desk.replays.current(webhook.id) is None


def test_a_replay_reaches_what_was_logged_before_the_webhook_was_there(desk: Desk) -> None:
    begin = desk.clock.instant
    events = desk.record(3)
    desk.clock.instant += timedelta(minutes=10)
    webhook, endpoint = desk.webhook()
    desk.replays.request(
        Replay(id="r", webhook_id=webhook.id, created_at=begin, after=begin, until=desk.clock.instant)
    )

    desk.run(webhook)

    assert sorted(endpoint.heard) == sorted(ids(events))


def test_a_replay_of_failures_sends_what_has_failed_and_nothing_else(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    failing = desk.record(40)
    bad = set(ids(failing))
    endpoint.respond = lambda event: DOWN if event["id"] in bad else OK
    fine = desk.record(5)
    desk.run(webhook)
    desk.pass_time(RETRIED_FOR + timedelta(days=1), webhook)
    failed, _ = desk.deliveries.page(webhook.id, status=DeliveryStatus.FAILED, after=None, limit=100)
    assert {each.event.id for each in failed} == bad
    assert set(endpoint.accepted_ids) == set(ids(fine))
    bad.clear()
    desk.replays.request(Replay(id="r", webhook_id=webhook.id, created_at=desk.clock.instant))

    desk.run(webhook)
    desk.pass_time(timedelta(hours=1), webhook)

    assert sorted(endpoint.accepted_ids) == sorted(ids(fine + failing))
    assert desk.replays.current(webhook.id) is None


def test_a_replay_to_an_endpoint_that_is_down_waits_and_new_events_go_before_it(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    begin = desk.clock.instant
    old = desk.record(30)
    desk.run(webhook)
    desk.clock.instant += timedelta(minutes=10)
    endpoint.requests.clear()
    endpoint.accepted.clear()
    endpoint.answer = DOWN
    desk.replays.request(
        Replay(id="r", webhook_id=webhook.id, created_at=begin, after=begin, until=desk.clock.instant)
    )
    desk.run(webhook)
    desk.pass_time(timedelta(minutes=30), webhook)
    assert len(endpoint.requests) < 60
    [new] = desk.record()
    endpoint.answer = OK

    desk.pass_time(timedelta(hours=12), webhook)

    assert set(endpoint.accepted_ids) == {*ids(old), new.id}
    assert desk.replays.current(webhook.id) is None
