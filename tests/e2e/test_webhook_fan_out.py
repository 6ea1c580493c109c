"""Webhooks on the real stack: slow and dead apps delay no other, and an app that was off for an hour misses nothing."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.dynamodb import webhook_keys as keys
from image_store.adapters.dynamodb.items import parse_time, text_time
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.webhooks.turns import DynamoDeliveryTurns
from tests.e2e.environment import function_name
from tests.e2e.many_endpoints import EndpointServer, FanOut
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from image_store.domain.webhooks.deliveries import Turn
    from tests.e2e.conftest import Stack

EDITS = 30
WITHIN_SECONDS = 90
SLOWEST_SECONDS = 30
"""An endpoint that hangs holds its turn for 10 s, and on a busy machine functions start slowly."""
POLL_SECONDS = 0.25


@pytest.fixture
def server() -> Iterator[EndpointServer]:
    with EndpointServer() as server:
        yield server


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    """An owner of nothing yet."""
    with stack.http(f"fan-out-{uuid.uuid4()}") as http:
        yield http


def upload(http: httpx.Client) -> str:
    answer = http.post("/v1/images", content=jpeg(64, 48), headers={"Content-Type": "image/jpeg"})
    image_id: str = answer.raise_for_status().json()["id"]
    return image_id


def edit(http: httpx.Client, image_id: str, title: str) -> None:
    http.patch(f"/v1/images/{image_id}", json={"title": title}).raise_for_status()


def eventually(check: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN_SECONDS
    while not check():
        assert time.monotonic() < until
        time.sleep(POLL_SECONDS)


def event_ids(http: httpx.Client, types: str) -> set[str]:
    page = http.get("/v1/events", params={"types": types, "limit": 100}).raise_for_status().json()
    return {event["id"] for event in page["items"]}


def test_apps_that_hang_or_are_dead_delay_no_other(http: httpx.Client, server: EndpointServer) -> None:
    image_id = upload(http)
    apps = FanOut(http=http, server=server, types="image.updated")
    apps.create(working=15, hanging=3, dead=2)

    for number in range(EDITS):
        edit(http, image_id, f"title {number}")
    apps.await_events(EDITS, within_seconds=WITHIN_SECONDS)

    ids = event_ids(http, apps.types)
    assert len(ids) == EDITS
    for path in apps.working:
        assert set(server.accepted[path]) == ids
        assert max(server.delays_s[path]) < SLOWEST_SECONDS
    assert all(0 < server.requests[path] < EDITS for path in apps.hanging)


class Rows:
    """The rows of a webhook on a stack, whose times a test moves back, as if time had passed."""

    def __init__(self, stack: Stack, webhook_id: str) -> None:
        self._stack, self._id = stack, webhook_id
        self._turns = DynamoDeliveryTurns(DynamoTable(self._name, client=lambda: self._table))

    def pass_time(self, time: timedelta) -> None:
        """Move each time in the rows of deliveries and of the turn back, in a turn of the test's own."""
        turn = self._take_turn()
        for item in self._query(keys.deliveries(self._id)):
            body = json.loads(item["delivery"]["S"])
            for name in ("created", "since", "next"):
                body[name] = body[name] and text_time(parse_time(body[name]) - time)
            self._put(item | {"delivery": {"S": json.dumps(body)}})
        for item in self._query(keys.due_deliveries(self._id)):
            at, _, event_id = item["sk"]["S"].partition("#")
            self._put(item | keys.due_delivery(self._id, text_time(parse_time(at) - time), event_id))
            self._table.delete_item(TableName=self._name, Key={name: item[name] for name in ("pk", "sk")})
        times = {
            name: (parse_time(turn.notes[name]) - time).isoformat()
            for name in ("paused_until", "wakes_at")
            if name in turn.notes
        }
        self._turns.save(replace(turn, notes={**turn.notes, **times}), at=datetime.now(UTC))
        self._turns.end(turn)

    def _take_turn(self) -> Turn:
        """The turn, as soon as no run has it."""
        turns: list[Turn] = []

        def take() -> bool:
            now = datetime.now(UTC)
            turn = self._turns.take(self._id, holder="a test", at=now, until=now + timedelta(minutes=2))
            turns.extend([turn] if turn is not None else [])
            return turn is not None

        eventually(take)
        return turns[0]

    def _query(self, partition: str) -> list[dict[str, Any]]:
        answer = self._table.query(
            TableName=self._name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": partition}},
            ConsistentRead=True,
        )
        items: list[dict[str, Any]] = answer["Items"]
        return items

    def _put(self, item: dict[str, Any]) -> None:
        self._table.put_item(TableName=self._name, Item=item)

    @property
    def _table(self) -> Any:
        return self._stack.client("dynamodb")

    @property
    def _name(self) -> str:
        return str(self._stack.described["table"])


def sweep(stack: Stack) -> None:
    """Run the schedule of the function, which finds what is overdue."""
    answer = stack.client("lambda").invoke(
        FunctionName=function_name(stack, "deliver"), Payload=json.dumps({})
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_an_app_that_was_off_for_an_hour_gets_every_event(
    stack: Stack, http: httpx.Client, server: EndpointServer
) -> None:
    image_id = upload(http)
    apps = FanOut(http=http, server=server, types="image.updated")
    apps.create(working=1, hanging=0, dead=0)
    [path] = apps.working
    [webhook] = http.get("/v1/webhooks").raise_for_status().json()["items"]
    rows = Rows(stack, webhook["id"])
    server.off.add(path)
    for number in range(EDITS):
        edit(http, image_id, f"title {number}")
    eventually(lambda: server.requests[path] > 0)

    for _ in range(6):  # an hour, in which the app is tried now and then
        before = server.requests[path]
        rows.pass_time(timedelta(minutes=10))
        sweep(stack)
        eventually(lambda: server.requests[path] > before)  # noqa: B023 - it ends within the round
    tries = server.requests[path]
    server.off.discard(path)
    rows.pass_time(timedelta(minutes=150))  # what was tried most often waits for two hours
    sweep(stack)
    apps.await_events(EDITS, within_seconds=WITHIN_SECONDS)

    assert set(server.accepted[path]) == event_ids(http, apps.types)
    assert 6 < tries < 6 * EDITS
    [after] = http.get("/v1/webhooks").raise_for_status().json()["items"]
    assert (after["enabled"], after["failing_since"]) == (True, None)
