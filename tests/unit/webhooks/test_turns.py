"""Turns send each event at least once, at its time, and no endpoint more than it can take."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from image_store.domain.errors import StorageUnavailable
from image_store.domain.events.event import EventType, event_body
from image_store.domain.events.log import MAX_SHOWN, SETTLING
from image_store.domain.webhooks.deliveries import DeliveryStatus
from image_store.domain.webhooks.retrying import FAILING_FOR, RETRIED_FOR
from image_store.domain.webhooks.webhook import DisabledReason, WebhookScope, secret_context
from image_store.ports.webhook_sending import EndpointAnswer
from image_store.services.webhooks.sending import PARALLEL
from image_store.services.webhooks.turns import LEASE, LONGEST_DELAY, RoundResult
from tests.fakes.endpoints import DOWN, OK, SILENT, verify
from tests.unit.webhooks.conftest import SECRET, Desk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from image_store.domain.events.event import Event


def ids(events: Sequence[Event]) -> list[str]:
    return [event.id for event in events]


# What is sent --------------------------------------------------------------------------------------------


def test_an_event_is_sent_signed_as_readers_of_the_log_see_it(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    [event] = desk.record()

    desk.run(webhook)

    [(headers, body)] = endpoint.requests
    assert verify_now(desk, (headers, body)) == event_body(event)
    assert headers["webhook-id"] == event.id
    assert headers["Content-Type"] == "application/json"
    delivery = desk.deliveries.get(webhook.id, event.id)
    assert delivery is not None
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.DELIVERED, 1)
    assert delivery.last_attempt is not None
    assert delivery.last_attempt.status == 200


def verify_now(desk: Desk, request: tuple[Mapping[str, str], bytes]) -> Any:
    """Verify a request at the time of the desk: the library compares times with its own clock."""
    headers, body = request
    assert headers["webhook-timestamp"] == str(int(desk.clock.instant.timestamp()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("standardwebhooks.webhooks.datetime", _Frozen(desk))
        return verify(SECRET, (headers, body))


class _Frozen:
    """The module's `datetime` at the time of the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def now(self, tz: Any = None) -> Any:
        return self._desk.clock.instant.astimezone(tz)

    def fromtimestamp(self, *args: Any, **kwargs: Any) -> Any:
        return type(self._desk.clock.instant).fromtimestamp(*args, **kwargs)


def test_each_event_is_sent_once_however_often_a_turn_runs(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    events = desk.record(3)

    for _ in range(3):
        desk.run(webhook)
        desk.clock.instant += timedelta(seconds=2)

    assert sorted(endpoint.heard) == sorted(ids(events))


def test_an_event_that_the_log_has_twice_is_sent_once_in_a_round_and_before_what_failed(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    endpoint.answer = DOWN
    [failed, *_] = events = desk.record(3)
    desk.run(webhook)
    desk.clock.instant += timedelta(minutes=1)
    more = desk.record(2)
    desk.log.append([failed, *more, *more])
    desk.clock.instant += timedelta(minutes=1)
    endpoint.answer = OK
    rounds: list[list[str]] = []
    send = desk.turns.sending.send

    def note(*args: Any) -> Any:
        rounds.append([event.id for event in args[1]])
        return send(*args)

    desk.turns = replace(desk.turns, sending=type("Noting", (), {"send": staticmethod(note)})())

    desk.run(webhook)

    assert set(endpoint.accepted_ids) == set(ids([*events, *more]))
    assert all(len(sent) == len(set(sent)) for sent in rounds)
    assert sorted(rounds[0][: len(events)]) == sorted(ids(events))


def test_only_events_of_the_owner_and_of_the_chosen_types_are_sent(desk: Desk) -> None:
    webhook, endpoint = desk.webhook(types=frozenset({EventType.IMAGE_DELETED}))
    desk.record(owner="bob", event_type=EventType.IMAGE_DELETED)
    desk.record()
    [deleted] = desk.record(event_type=EventType.IMAGE_DELETED)

    desk.run(webhook)

    assert endpoint.heard == [deleted.id]


def test_a_webhook_of_all_owners_gets_the_events_of_everybody_and_of_the_store(desk: Desk) -> None:
    webhook, endpoint = desk.webhook(scope=WebhookScope.ALL)
    events = desk.record() + desk.record(owner="bob") + desk.record(owner=None)

    desk.run(webhook)

    assert sorted(endpoint.heard) == sorted(ids(events))


def test_what_was_logged_before_the_webhook_was_created_is_not_sent(desk: Desk) -> None:
    desk.record()
    desk.clock.instant += timedelta(seconds=1)
    webhook, endpoint = desk.webhook()

    desk.run(webhook)

    assert not endpoint.requests


def test_during_an_overlap_both_secrets_sign(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    new = desk.cipher.seal(
        "whsec_" + "bmV3IHNlY3JldCBuZXcgc2VjcmV0IG5ldyE=", context=secret_context("alice", webhook.id)
    )
    until = desk.clock.instant + timedelta(hours=1)
    webhook = desk.change(
        webhook,
        sealed_secret=new,
        previous_sealed_secret=webhook.sealed_secret,
        previous_until=until,
    )
    desk.record()
    desk.run(webhook)
    desk.clock.instant = until
    desk.record()
    desk.run(webhook)

    during, after = (headers["webhook-signature"].split(" ") for headers, _ in endpoint.requests)
    assert (len(during), len(after)) == (2, 1)


def test_more_events_than_a_position_remembers_follow_when_they_are_settled(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    events = desk.record(3 * MAX_SHOWN)

    desk.run(webhook)
    assert len(endpoint.requests) == MAX_SHOWN
    assert [delay for _, delay in desk.queue.woken] == [SETTLING]
    desk.pass_time(timedelta(minutes=1), webhook)

    assert sorted(endpoint.heard) == sorted(ids(events))


def test_many_events_of_other_types_are_passed_over_in_one_turn(desk: Desk) -> None:
    webhook, endpoint = desk.webhook(types=frozenset({EventType.IMAGE_DELETED}))
    desk.record(2_500)
    [deleted] = desk.record(event_type=EventType.IMAGE_DELETED)
    desk.clock.instant += timedelta(minutes=1)

    desk.run(webhook)

    assert endpoint.heard == [deleted.id]


# What is not accepted --------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [DOWN, SILENT, EndpointAnswer(status=301), EndpointAnswer(status=404)])
def test_what_is_not_accepted_is_sent_again_with_the_same_id_until_it_is(
    desk: Desk, answer: EndpointAnswer
) -> None:
    webhook, endpoint = desk.webhook()
    endpoint.answer = answer
    [event] = desk.record()
    desk.run(webhook)
    assert desk.deliveries.get(webhook.id, event.id).status is DeliveryStatus.PENDING  # type: ignore[union-attr]

    desk.pass_time(timedelta(minutes=20), webhook)
    tried = len(endpoint.requests)
    endpoint.answer = OK
    desk.pass_time(timedelta(hours=1), webhook)

    assert tried == 4
    assert endpoint.heard == [event.id] * 5
    assert endpoint.accepted_ids == [event.id]
    assert not desk.queue.woken


def test_after_three_days_an_event_has_failed_and_is_not_sent_again(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    endpoint.answer = DOWN
    [event] = desk.record()
    desk.run(webhook)

    desk.pass_time(RETRIED_FOR + timedelta(days=1), webhook)

    delivery = desk.deliveries.get(webhook.id, event.id)
    assert delivery is not None
    assert (delivery.status, delivery.next_attempt_at) == (DeliveryStatus.FAILED, None)
    assert delivery.attempts == len(endpoint.requests) > 8
    assert not desk.queue.woken


def test_an_event_that_an_endpoint_never_takes_delays_no_other(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    [poison] = desk.record()
    endpoint.respond = lambda event: DOWN if event["id"] == poison.id else OK
    desk.run(webhook)
    for _ in range(20):
        desk.pass_time(timedelta(hours=2), webhook)
        [event] = desk.record()
        desk.run(webhook)

        assert endpoint.accepted_ids[-1] == event.id

    assert endpoint.heard.count(poison.id) > 5


def test_an_endpoint_that_accepts_nothing_gets_few_new_events(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    endpoint.answer = DOWN
    events = desk.record(1_000)
    desk.run(webhook)

    desk.pass_time(timedelta(days=1), webhook)

    assert PARALLEL < len(set(endpoint.heard)) < 60
    endpoint.answer = OK
    desk.pass_time(timedelta(days=1), webhook)
    assert set(endpoint.accepted_ids) == set(ids(events))
    assert not desk.queue.woken


@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize("status", [429, 503])
def test_an_endpoint_that_asks_to_wait_gets_nothing_until_then(desk: Desk, status: int, first: int) -> None:
    webhook, endpoint = desk.webhook()
    busy = EndpointAnswer(status=status, retry_after=timedelta(minutes=10))
    endpoint.respond = lambda _: OK if len(endpoint.accepted) < first else busy
    events, begin = desk.record(30), desk.clock.instant
    desk.run(webhook)
    before, later = len(endpoint.requests), []

    def accept(_: Mapping[str, Any]) -> EndpointAnswer:
        later.append(desk.clock.instant - begin)
        return OK

    endpoint.respond = accept
    desk.pass_time(timedelta(minutes=15), webhook)

    assert (before, len(endpoint.accepted)) == (PARALLEL, len(events))
    assert timedelta(minutes=10) <= min(later) < timedelta(minutes=11)
    assert set(endpoint.accepted_ids) == set(ids(events))


def test_messages_for_a_later_turn_are_sent_once_however_many_turns_there_are(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    [poison] = desk.record()
    endpoint.respond = lambda event: DOWN if event["id"] == poison.id else OK
    desk.run(webhook)
    desk.pass_time(timedelta(minutes=10), webhook)
    desk.queue.woken.clear()

    for _ in range(50):
        desk.record()
        desk.run(webhook)

    assert len(desk.queue.woken) <= 1


def test_no_message_waits_for_longer_than_sqs_can(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    endpoint.answer = DOWN
    desk.record()
    desk.run(webhook)

    for _ in range(200):
        [(_, delay)] = desk.queue.woken
        assert delay <= LONGEST_DELAY
        desk.pass_time(delay, webhook)


# Endpoints that are disabled -------------------------------------------------------------------------------


def test_410_disables_a_webhook_at_once(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    endpoint.answer = EndpointAnswer(status=410)
    desk.record(30)

    desk.run(webhook)

    assert desk.webhooks.get(webhook.id).disabled_reason is DisabledReason.GONE  # type: ignore[union-attr]
    assert len(endpoint.requests) == PARALLEL
    assert desk.results[-1] == RoundResult(accepted=0, failed=0, is_disabled=True)


def test_an_endpoint_that_accepts_nothing_for_five_days_is_disabled(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    endpoint.answer = SILENT
    desk.record(100)
    desk.run(webhook)

    desk.pass_time(FAILING_FOR - timedelta(hours=1), webhook)
    assert desk.webhooks.get(webhook.id).is_enabled  # type: ignore[union-attr]
    desk.pass_time(timedelta(hours=13), webhook)

    assert desk.webhooks.get(webhook.id).disabled_reason is DisabledReason.FAILING  # type: ignore[union-attr]
    sent = len(endpoint.requests)
    desk.record()
    desk.run(webhook)
    assert len(endpoint.requests) == sent


def test_an_endpoint_that_accepts_something_now_and_then_is_never_disabled(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    for day in range(20):
        endpoint.answer = OK if day % 4 == 0 else DOWN
        desk.record()
        desk.run(webhook)
        desk.pass_time(timedelta(days=1), webhook)

    assert desk.webhooks.get(webhook.id).is_enabled  # type: ignore[union-attr]


def test_a_webhook_that_is_enabled_again_is_not_disabled_by_its_first_failure(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    endpoint.answer = SILENT
    desk.record()
    desk.run(webhook)
    desk.pass_time(FAILING_FOR + timedelta(days=1), webhook)
    desk.record()
    desk.run(webhook)
    disabled = desk.webhooks.get(webhook.id)
    assert disabled is not None
    assert not disabled.is_enabled
    desk.clock.instant += timedelta(days=1)
    desk.change(disabled, disabled_reason=None, active_since=desk.clock.instant)
    [event] = desk.record()

    desk.run(webhook)

    assert event.id in endpoint.heard
    assert desk.webhooks.get(webhook.id).is_enabled  # type: ignore[union-attr]


def test_a_change_of_the_owner_goes_before_a_failure(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()

    def respond(_: object) -> EndpointAnswer:
        current = desk.webhooks.get(webhook.id)
        assert current is not None
        if current.version == webhook.version:
            desk.change(current, url="https://hooks.example/new")
        return EndpointAnswer(status=410)

    endpoint.respond = respond
    desk.record()

    desk.run(webhook)

    assert desk.webhooks.get(webhook.id).is_enabled  # type: ignore[union-attr]
    assert webhook.id in [woken for woken, _ in desk.queue.woken]


@pytest.mark.parametrize("change", ["disabled", "deleted"])
def test_a_webhook_that_is_no_longer_there_gets_nothing(desk: Desk, change: str) -> None:
    webhook, endpoint = desk.webhook()
    if change == "disabled":
        desk.change(webhook, disabled_reason=DisabledReason.BY_OWNER)
    else:
        desk.webhooks.remove(webhook, at=desk.clock.instant)
    desk.record()

    desk.run(webhook)

    assert not endpoint.requests
    assert not desk.queue.woken


# One run at a time -----------------------------------------------------------------------------------------


def test_a_wake_up_that_finds_the_turn_taken_does_nothing_and_its_event_is_sent_all_the_same(
    desk: Desk,
) -> None:
    webhook, endpoint = desk.webhook()
    desk.record()
    late: list[Event] = []

    class Turns(type(desk.delivery_turns)):  # type: ignore[misc]  # the fake, with somebody in between
        def end(self, turn: Any) -> None:
            if not late:
                late.extend(desk.record())
                desk.run(webhook)  # finds the turn taken
                assert late[0].id not in endpoint.heard
            super().end(turn)

    desk.delivery_turns.__class__ = Turns

    desk.run(webhook)

    assert late[0].id in endpoint.heard


def test_a_run_that_was_killed_holds_the_turn_for_no_longer_than_its_lease(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    turn = desk.delivery_turns.take(
        webhook.id, holder="killed", at=desk.clock.instant, until=desk.clock.instant + LEASE
    )
    assert turn is not None
    desk.record()
    desk.run(webhook)
    assert not endpoint.requests

    desk.clock.instant += LEASE + timedelta(seconds=1)
    desk.run(webhook)

    assert len(endpoint.requests) == 1


def test_a_run_that_lost_its_turn_stops_and_moves_nothing(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    events = desk.record(3 * PARALLEL)

    def respond(_: object) -> EndpointAnswer:
        if len(endpoint.requests) == PARALLEL:
            desk.clock.instant += LEASE + timedelta(seconds=1)
            desk.delivery_turns.take(
                webhook.id, holder="other", at=desk.clock.instant, until=desk.clock.instant
            )
        return OK

    endpoint.respond = respond
    desk.turns.run(webhook.id, until=desk.clock.instant + timedelta(hours=1))
    assert len(endpoint.requests) == PARALLEL

    desk.clock.instant += LEASE
    desk.run(webhook)

    assert set(endpoint.accepted_ids) == set(ids(events))


def test_a_turn_that_has_no_time_left_wakes_the_next_one(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    endpoint.takes = timedelta(seconds=1)
    events = desk.record(60)

    desk.run(webhook)

    assert 0 < len(endpoint.requests) < 60
    assert (webhook.id, timedelta(0)) in desk.queue.woken
    desk.pass_time(timedelta(hours=1), webhook)
    assert sorted(endpoint.heard) == sorted(ids(events))


def test_without_the_key_service_nothing_is_sent_and_the_message_comes_again(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    desk.record()
    desk.cipher.away = True

    with pytest.raises(StorageUnavailable):
        desk.run(webhook)

    assert not endpoint.requests


def test_a_process_opens_a_secret_once(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    for _ in range(5):
        desk.record()
        desk.run(webhook)
        desk.clock.instant += timedelta(minutes=1)

    assert len(endpoint.requests) == 5
    assert desk.cipher.asked == 1


# What is reported ------------------------------------------------------------------------------------------


def test_rounds_are_counted(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    bad = desk.record()[0].id
    endpoint.respond = lambda event: DOWN if event["id"] == bad else OK
    desk.record(3)

    desk.run(webhook)

    assert desk.results == [RoundResult(accepted=3, failed=1)]


def test_since_when_an_endpoint_fails_is_known_until_it_accepts_something(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    endpoint.answer = DOWN
    began = desk.clock.instant
    desk.record()
    desk.run(webhook)
    assert desk.delivery_turns.failing_since([webhook.id]) == {webhook.id: began}

    endpoint.answer = OK
    desk.pass_time(timedelta(hours=1), webhook)

    assert desk.delivery_turns.failing_since([webhook.id]) == {}


def test_a_turn_with_a_clock_that_ran_ahead_leaves_no_pause_behind(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    endpoint.answer = DOWN
    begin = desk.clock.instant
    desk.record()
    desk.run(webhook)
    turn = desk.delivery_turns.take(webhook.id, holder="x", at=begin, until=begin + LEASE)
    assert turn is not None
    far = (begin + timedelta(days=300)).isoformat()
    desk.delivery_turns.save(
        replace(turn, notes={**turn.notes, "failed_rounds": 1, "paused_until": far, "wakes_at": far}),
        at=begin,
    )
    desk.delivery_turns.end(turn)
    endpoint.answer = OK
    [event] = desk.record()

    desk.run(webhook)

    assert event.id in endpoint.accepted_ids


def test_a_turn_with_a_clock_that_ran_ahead_hides_no_event_from_the_next(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    begin = desk.clock.instant
    desk.clock.instant += timedelta(days=20)
    desk.run(webhook)
    desk.clock.instant = begin + timedelta(minutes=5)
    [event] = desk.record()

    desk.run(webhook)

    assert endpoint.accepted_ids == [event.id]


def test_a_webhook_that_a_clock_ahead_has_enabled_gets_events_at_once(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    webhook = desk.change(webhook, active_since=desk.clock.instant + timedelta(days=300))
    events = []

    for _ in range(3):
        events += desk.record(2)
        desk.run(webhook)
        desk.clock.instant += timedelta(minutes=1)

    assert sorted(endpoint.heard) == sorted(ids(events))
