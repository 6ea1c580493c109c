"""What is sent to webhooks, over HTTP: tests, the list of deliveries, and replays."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from image_store.domain.events.event import EventType, new_event
from image_store.domain.events.log import first_place_at
from image_store.domain.webhooks.deliveries import (
    Attempt,
    DeliveryChange,
    DeliveryStatus,
    EventDelivery,
    new_delivery,
)
from image_store.domain.work import DeliverWebhook
from tests.fakes.interception import InterceptedClient, never_send
from tests.functions.deployment import Deployment, assert_refused, event, with_query
from tests.functions.webhook_requests import HOOK, body_of, called, created
from tests.samples import START

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def delivered(
    store: Deployment, number: int, status: DeliveryStatus = DeliveryStatus.DELIVERED
) -> EventDelivery:
    """A delivery as the function that sends leaves it."""
    data = {"image_id": "i", "version": number, "kind": "upload", "visibility": "private"}
    at = START + number * MINUTE
    sent = new_event(EventType.IMAGE_TRASHED, change=(str(number),), at=at, owner="alice", data=data)
    new = new_delivery(HOOK, sent, at=at)
    attempt = Attempt(at=at, duration_ms=7, status=204 if status is DeliveryStatus.DELIVERED else 500)
    after = new.delivered(attempt) if status is DeliveryStatus.DELIVERED else new.failed(attempt)
    with store.gate.at_work("deliver"):
        store.ports.deliveries.save([DeliveryChange(None, after)])
    return after


def delivery_of(store: Deployment, event_id: str) -> EventDelivery:
    with store.gate.at_work("deliver"):
        delivery = store.ports.deliveries.get(HOOK, event_id)
    assert delivery is not None
    return delivery


def test_a_test_is_a_delivery_of_its_own_event_and_wakes_the_webhook_at_once(store: Deployment) -> None:
    created(store)
    store.to_deliver.clear()

    answer = store.answer_to("webhooks/test")

    assert answer.status == 202
    sent = answer.json["event"]
    assert (sent["type"], sent["owner_id"], sent["data"]) == ("webhook.test", "alice", {"webhook_id": HOOK})
    assert (answer.json["status"], answer.json["attempts"]) == ("pending", 0)
    assert store.answer_to("webhooks/deliveries").json == {"items": [answer.json], "next_cursor": None}
    assert (store.to_deliver.waiting, store.to_deliver.delays) == ([DeliverWebhook(HOOK)], [timedelta(0)])
    assert store.answer_to("webhooks/test").json["event"]["id"] != sent["id"]


def test_deliveries_are_listed_in_pages_with_the_newest_event_first(store: Deployment) -> None:
    created(store)
    ids = [delivered(store, number).event.id for number in range(3)]

    first = store.answer_to("webhooks/deliveries").json
    second = called(store, with_query(event("webhooks/deliveries"), f"limit=2&cursor={first['next_cursor']}"))

    assert [each["event"]["id"] for each in first["items"]] == [ids[2], ids[1]]
    assert [each["event"]["id"] for each in second.json["items"]] == [ids[0]]
    assert second.json["next_cursor"] is None
    assert first["items"][0]["last_attempt"] == {
        "at": "2026-03-01T12:02:00.000Z",
        "duration_ms": 7,
        "status": 204,
        "error": None,
    }


def test_a_cursor_is_good_for_its_list_alone(store: Deployment) -> None:
    created(store)
    for number in range(3):
        delivered(store, number)
    cursor = store.answer_to("webhooks/deliveries").json["next_cursor"]

    answer = called(store, with_query(event("webhooks/deliveries"), f"status=failed&cursor={cursor}"))

    assert_refused(answer, 400, "invalid_cursor")


def test_failed_deliveries_are_listed_alone(store: Deployment) -> None:
    created(store)
    delivered(store, 1)
    failed = delivered(store, 2, DeliveryStatus.FAILED)

    answer = store.answer_to("webhooks/failed-deliveries")

    assert [each["event"]["id"] for each in answer.json["items"]] == [failed.event.id]
    assert answer.json["items"][0]["status"] == "failed"


@pytest.mark.parametrize("status", [DeliveryStatus.DELIVERED, DeliveryStatus.FAILED])
def test_an_event_that_was_sent_is_sent_again_with_its_id(store: Deployment, status: DeliveryStatus) -> None:
    created(store)
    before = delivered(store, 1, status)
    store.set_clock.instant += HOUR
    store.to_deliver.clear()

    sent = body_of(event("webhooks/replay-event"), event_id=before.event.id)
    answer = called(store, sent)

    assert answer.status == 202
    assert answer.json == {"event_id": before.event.id, "after": None, "until": None, "failed": False}
    after = delivery_of(store, before.event.id)
    assert (after.status, after.next_attempt_at) == (DeliveryStatus.PENDING, START + HOUR)
    assert (after.tries, after.attempts) == (0, 1)
    assert store.to_deliver.waiting == [DeliverWebhook(HOOK)]
    assert called(store, sent).status == 202  # a pending one too


def test_an_event_that_was_never_sent_cannot_be_replayed_by_its_id(store: Deployment) -> None:
    created(store)

    assert_refused(store.answer_to("webhooks/replay-event"), 404, "event_not_found")


def test_a_time_is_replayed_one_at_a_time(store: Deployment) -> None:
    created(store)
    store.to_deliver.clear()

    answer = store.answer_to("webhooks/replay-time")

    assert answer.status == 202
    assert answer.json == {
        "event_id": None,
        "after": "2026-03-01T10:00:00.000Z",
        "until": "2026-03-01T11:00:00.000Z",
        "failed": False,
    }
    with store.gate.at_work("deliver"):
        replay = store.ports.replays.current(HOOK)
    assert replay is not None
    assert (replay.after, replay.until) == (START - 2 * HOUR, START - HOUR)
    begin, end = "2026-03-01T10:00:00.000Z", "2026-03-01T11:00:00.000Z"
    progress = {"created_at": "2026-03-01T12:00:00.000Z", "after": begin, "until": end, "reached_at": begin}
    assert store.answer_to("webhooks/see").json["replay"] == progress
    with store.gate.at_work("deliver"):
        store.ports.replays.save(replace(replay, cursor=first_place_at(START - 90 * MINUTE)))
    [webhook] = store.answer_to("webhooks/list").json["items"]
    assert webhook["replay"] == progress | {"reached_at": "2026-03-01T10:30:00.000Z"}
    assert store.to_deliver.waiting == [DeliverWebhook(HOOK)]
    assert_refused(store.answer_to("webhooks/replay-failed"), 409, "conflict")


def test_failed_deliveries_are_replayed_together(store: Deployment) -> None:
    created(store)

    answer = store.answer_to("webhooks/replay-failed")

    assert answer.json == {"event_id": None, "after": None, "until": None, "failed": True}
    with store.gate.at_work("deliver"):
        replay = store.ports.replays.current(HOOK)
    assert replay is not None
    assert replay.is_of_failed


def test_a_replay_ends_now_and_begins_with_the_oldest_event_that_is_kept(store: Deployment) -> None:
    created(store)

    sent = body_of(event("webhooks/replay-time"), after="2025-01-01", until="2027-01-01T00:00:00Z")
    answer = called(store, sent)

    assert (answer.json["after"], answer.json["until"]) == (
        "2026-01-30T12:00:00.000Z",
        "2026-03-01T12:00:00.000Z",
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"failed": False},
        {"failed": True, "after": "2026-03-01"},
        {"until": "2026-03-01"},
        {"failed": True, "until": "2026-03-01"},
        {"after": "2026-03-01T11:00:00Z", "until": "2026-03-01T10:00:00Z"},
        {"after": "2026-03-02T11:00:00Z"},
        {"after": "2025-03-01", "until": "2025-03-02"},
    ],
    ids=json.dumps,
)
def test_a_replay_that_says_nothing_or_two_things_is_refused(store: Deployment, body: dict[str, Any]) -> None:
    created(store)
    before = store.contents()

    assert_refused(called(store, body_of(event("webhooks/replay-failed"), **body)), 400, "invalid_request")
    assert_refused(store.answer_to("webhooks/replay-two-things"), 400, "invalid_request")
    assert store.contents() == before


def test_what_was_asked_for_stays_when_the_queue_fails(
    store: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    created(store)
    queue = InterceptedClient(every=never_send)
    monkeypatch.setattr(store, "queues_client", queue)

    statuses = [
        store.answer_to(name).status
        for name in ("webhooks/create", "webhooks/test", "webhooks/replay-failed", "webhooks/change")
    ]

    assert statuses == [201, 202, 202, 200]
    assert len(queue.calls) >= len(statuses)
    assert len(store.answer_to("webhooks/deliveries").json["items"]) == 1


def test_an_endpoint_that_fails_is_shown_with_the_time_of_its_first_failure(store: Deployment) -> None:
    created(store)
    with store.gate.at_work("deliver"):
        turn = store.ports.delivery_turns.take(HOOK, holder="t", at=START, until=START + MINUTE)
        assert turn is not None
        failing = replace(turn, failing_since=START + MINUTE)
        store.ports.delivery_turns.save(failing, at=START)

    assert store.answer_to("webhooks/see").json["failing_since"] == "2026-03-01T12:01:00.000Z"
    assert store.answer_to("webhooks/list").json["items"][0]["failing_since"] is not None

    store.answer_to("webhooks/disable")
    assert store.answer_to("webhooks/see").json["failing_since"] is None
    store.set_clock.instant += HOUR
    assert store.answer_to("webhooks/enable").json["failing_since"] is None
