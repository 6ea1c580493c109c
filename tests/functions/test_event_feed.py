"""The events of a store: recorded by the function that follows the stream, and read by one route."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.dynamodb.events.changes import events_of
from image_store.adapters.dynamodb.events.log import DynamoEventLog
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.callers.caller import key_holder
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.callers.scopes import Scope
from image_store.entrypoints.callers.verdicts import verdict_of
from image_store.entrypoints.events.answer_schemas import EventAnswer
from image_store.services.upkeep.projections import OLD_CONSUMERS
from tests.fakes.interception import InterceptedClient, never_send, nth
from tests.fakes.stream import Streaming
from tests.functions.deployment import (
    IMAGE_ID,
    Deployment,
    assert_refused,
    event,
    from_owner,
    with_query,
)
from tests.functions.generation_work import work_off

if TYPE_CHECKING:
    from collections.abc import Callable

PRICED = datetime(2026, 11, 21, 12, tzinfo=UTC)
"""When the prices of images are known, as budgets demand."""
DONE: dict[str, list[Any]] = {"batchItemFailures": []}


@pytest.fixture
def store(deployed: Callable[..., Deployment]) -> Deployment:
    return with_events(deployed)


def with_events(
    deployed: Callable[..., Deployment], *, at: datetime | None = None, **environment: str
) -> Deployment:
    """A store whose stream is recorded; waiting moves its clock."""
    deployment = deployed(
        PROVIDERS="pollinations",
        PROVIDERS_SECRET="image-store/providers",
        EVENT_BUS="image-store",
        **environment,
    )
    if at is not None:
        deployment.set_clock.instant = at
    deployment.client = Streaming(deployment.client, at=deployment.set_clock.instant.timestamp())

    def sleep(seconds: float) -> None:
        deployment.set_clock.instant += timedelta(seconds=seconds)

    deployment.ports.sleep = sleep
    return deployment


def consume(store: Deployment) -> None:
    """Let the stream be read, each change once."""
    changes, store.client.told = store.client.told, []
    assert store.invoke("project", {"Records": changes}) == DONE


def read(store: Deployment, query: str = "", *, owner: str = "alice") -> Any:
    answer = store.call(with_query(from_owner(event("events/oldest"), owner), query), function="events")
    assert answer.status == 200, answer.text
    for item in answer.json["items"]:
        documented = EventAnswer.model_validate(item).model_dump()
        assert (documented.keys(), documented["data"].keys()) == (item.keys(), item["data"].keys())
    return answer.json


def types(page: Any) -> list[str]:
    return [item["type"] for item in page["items"]]


def test_the_life_of_an_image_has_an_event_for_each_change_that_clients_see(store: Deployment) -> None:
    for name in ("upload/raw", "update/details", "update/published", "delete/trash", "delete/restore"):
        assert store.answer_to(name).status < 300, name
    assert store.answer_to("delete/permanent").status == 204
    consume(store)

    page = read(store)

    assert types(page) == [
        "image.created",
        "image.updated",
        "image.updated",
        "image.published",
        "image.unpublished",
        "image.trashed",
        "image.restored",
        "image.deleted",
    ]
    assert {item["data"]["image_id"] for item in page["items"]} == {IMAGE_ID}
    assert {item["owner_id"] for item in page["items"]} == {"alice"}
    created, updated, made_public = page["items"][:3]
    assert created["data"] == {
        "image_id": IMAGE_ID,
        "version": 2,
        "kind": "upload",
        "visibility": "private",
        "content_type": "image/png",
        "size_bytes": 97,
        "width": 16,
        "height": 12,
        "sha256": created["data"]["sha256"],
    }
    assert updated["data"]["changed"] == ["title", "alt_text", "tags", "rating", "groups", "metadata"]
    assert made_public["data"]["changed"] == ["visibility"]
    versions = [item["data"]["version"] for item in page["items"]]
    assert versions == sorted(versions)


def test_the_same_change_has_the_same_id_each_time_the_stream_delivers_it(store: Deployment) -> None:
    store.answer_to("upload/raw")
    changes = list(store.client.told)
    store.client.told = []

    for _ in range(2):
        assert store.invoke("project", {"Records": changes}) == DONE
        store.set_clock.instant += timedelta(minutes=1)
        del vars(store.application)["events"]  # as another process, which does not remember what it recorded

    first, second = read(store)["items"]
    assert first == second == store.event_bridge.taken[0]["Detail"] == store.event_bridge.taken[1]["Detail"]


def test_what_is_in_the_log_is_on_the_bus_too(store: Deployment) -> None:
    for name in ("upload/raw", "update/published", "delete/trash"):
        store.answer_to(name)
    consume(store)

    items = read(store)["items"]

    assert [each["Detail"] for each in store.event_bridge.taken] == items
    assert [each["DetailType"] for each in store.event_bridge.taken] == [item["type"] for item in items]


def test_a_bus_that_fails_holds_up_no_projection_and_gets_its_events_later(store: Deployment) -> None:
    store.answer_to("upload/raw")
    changes, store.client.told = store.client.told, []
    bridge = store.event_bridge
    store.event_bridge = InterceptedClient(bridge, put_events=nth(1, never_send))

    response = store.invoke("project", {"Records": changes})

    assert len(response["batchItemFailures"]) == 1
    assert len(store.answer_to("search/words").json["items"]) == 1
    assert store.invoke("project", {"Records": changes}) == DONE
    assert types(read(store)) == ["image.created"]
    assert [each["DetailType"] for each in bridge.taken] == ["image.created"]


def test_a_cursor_continues_where_a_page_ended_and_is_never_null(store: Deployment) -> None:
    store.answer_to("upload/raw")
    consume(store)
    first = read(store)
    store.answer_to("delete/trash")
    consume(store)

    second = read(store, f"after={first['next_cursor']}")
    third = read(store, f"after={second['next_cursor']}")

    assert (types(first), types(second), types(third)) == (["image.created"], ["image.trashed"], [])


def test_a_generation_has_an_event_for_each_item_and_one_at_its_end(store: Deployment) -> None:
    job = store.answer_to("generations/begin").json
    work_off(store)
    consume(store)

    items = read(store, "types=generation.item_finished,generation.finished")["items"]

    finished = [item["data"] for item in items if item["type"] == "generation.item_finished"]
    (end,) = [item["data"] for item in items if item["type"] == "generation.finished"]
    assert {item["generation_id"] for item in (*finished, end)} == {job["id"]}
    assert sorted(item["index"] for item in finished) == list(range(job["progress"]["total"]))
    assert end["status"] == "succeeded"
    assert end["counts"] == {"succeeded": len(finished)}
    assert all(item["image_id"] for item in finished)
    assert "prompt" not in json.dumps(items)


def test_a_request_waits_for_the_next_event_and_no_longer_than_it_says(store: Deployment) -> None:
    begun_at = store.set_clock.instant

    page = store.answer_to("events/waiting").json

    assert types(page) == []
    assert timedelta(seconds=1) <= store.set_clock.instant - begun_at <= timedelta(seconds=2)


def test_an_event_ends_the_wait(store: Deployment) -> None:
    store.answer_to("upload/raw")
    begun_at = store.set_clock.instant
    table = DynamoTable(store.table, client=lambda: store.client)
    log = DynamoEventLog(table, now=store.set_clock.now)  # outside of the function, which may not write

    def sleep(seconds: float) -> None:
        store.set_clock.instant += timedelta(seconds=seconds)
        changes, store.client.told = store.client.told, []
        log.append([each for record in changes for each in events_of(record)])

    store.ports.sleep = sleep

    page = read(store, "wait=20")

    assert types(page) == ["image.created"]
    assert store.set_clock.instant - begun_at < timedelta(seconds=2)


def test_an_owner_hears_nothing_of_others_and_an_admin_hears_everything(store: Deployment) -> None:
    store.answer_to("upload/raw")
    consume(store)

    assert types(read(store, owner="bob")) == []
    assert types(store.answer_to("events/all").json) == ["image.created"]
    assert_refused(store.answer_to("events/all-without-scope"), 403, "admin_required")


def test_cleanup_is_an_event_for_admins_alone(store: Deployment) -> None:
    store.set_clock.instant += OLD_CONSUMERS
    store.invoke("cleanup", event("cleanup/schedule"))
    consume(store)

    assert types(read(store)) == []
    assert types(store.answer_to("events/all").json) == ["cleanup.finished"]


def test_a_cursor_of_one_owner_is_refused_for_another_and_for_all(store: Deployment) -> None:
    cursor = read(store)["next_cursor"]

    for sent in (
        with_query(from_owner(event("events/oldest"), "bob"), f"after={cursor}"),
        with_query(event("events/all"), f"scope=all&after={cursor}"),
        with_query(event("events/oldest"), f"after={cursor}x"),
    ):
        assert_refused(store.call(sent, function="events"), 400, "invalid_cursor")


@pytest.mark.parametrize(
    "query",
    [
        "types=image.painted",
        "types=",
        "wait=21",
        "wait=-1",
        "limit=0",
        "limit=101",
        "since=tomorrow",
        "scope=x",
    ],
)
def test_a_wrong_query_is_refused(store: Deployment, query: str) -> None:
    sent = with_query(event("events/oldest"), query)

    assert_refused(store.call(sent, function="events"), 400, "invalid_request")


def test_a_type_that_does_not_exist_is_refused_with_those_that_do(store: Deployment) -> None:
    refusal = store.answer_to("events/unknown-type")

    assert_refused(refusal, 400, "invalid_request")
    assert "image.created" in refusal.text


def test_a_page_says_whether_there_are_more_events(store: Deployment) -> None:
    for name in ("upload/raw", "delete/trash"):
        store.answer_to(name)
    consume(store)

    first = read(store, "limit=1")
    second = read(store, f"limit=2&after={first['next_cursor']}")

    assert (types(first), first["has_more"]) == (["image.created"], True)
    assert (types(second), second["has_more"]) == (["image.trashed"], False)


def test_only_events_of_the_chosen_types_are_returned(store: Deployment) -> None:
    for name in ("upload/raw", "delete/trash", "delete/restore", "delete/permanent"):
        store.answer_to(name)
    consume(store)

    assert types(store.answer_to("events/of-two-types").json) == ["image.created", "image.deleted"]


def test_a_cursor_and_a_time_exclude_each_other(store: Deployment) -> None:
    cursor = read(store)["next_cursor"]
    sent = with_query(event("events/oldest"), f"after={cursor}&since=2026-03-01")

    assert_refused(store.call(sent, function="events"), 400, "invalid_request")


@pytest.mark.parametrize("since", ["0001-01-01", "2026-02-28T23:00:00Z"])
def test_a_time_in_the_past_begins_with_the_oldest_event_after_it(store: Deployment, since: str) -> None:
    store.answer_to("upload/raw")
    consume(store)

    assert types(read(store, f"since={since}")) == ["image.created"]


def test_a_time_in_the_future_begins_now(store: Deployment) -> None:
    cursor = read(store, "since=9999-12-31")["next_cursor"]
    store.answer_to("upload/raw")
    consume(store)

    assert types(read(store, f"after={cursor}")) == ["image.created"]


def test_events_are_gone_after_thirty_days_even_if_their_rows_are_not(store: Deployment) -> None:
    cursor = read(store)["next_cursor"]
    store.answer_to("upload/raw")
    consume(store)
    store.set_clock.instant += timedelta(days=29)
    assert types(read(store, f"after={cursor}")) == ["image.created"]

    store.set_clock.instant += timedelta(days=1, seconds=1)

    assert types(read(store)) == []


def test_a_budget_of_an_owner_is_an_event_for_its_owner(deployed: Callable[..., Deployment]) -> None:
    store = with_events(deployed, at=PRICED, BUDGET_OWNER_DAILY="0.007")
    store.answer_to("generations/begin")
    consume(store)

    (item,) = read(store, "types=budget.reached")["items"]

    assert item["owner_id"] == "alice"
    assert 0.0056 <= item["data"].pop("committed_usd") < 0.007
    assert item["data"] == {
        "budget": "owner",
        "key_id": None,
        "period": "2026-11-21",
        "percent": 80,
        "limit_usd": 0.007,
    }


def test_a_budget_of_the_deployment_is_an_event_for_admins_alone(deployed: Callable[..., Deployment]) -> None:
    store = with_events(deployed, at=PRICED, BUDGET_DEPLOYMENT_MONTHLY="0.007")
    store.answer_to("generations/begin")
    consume(store)

    assert types(read(store)) == []
    (item,) = store.answer_to("events/all").json["items"]
    assert (item["type"], item["owner_id"], item["data"]["budget"]) == ("budget.reached", None, "deployment")
    assert item["data"]["period"] == "2026-11"


def test_a_budget_of_an_api_key_is_an_event_for_admins_alone(deployed: Callable[..., Deployment]) -> None:
    store = with_events(deployed, at=PRICED)
    limits = KeyLimits(cost_micros_per_day=7_000)
    key = key_holder("0123456789abcdef", owner="alice", scopes={Scope.WRITE_GENERATIONS}, limits=limits)
    sent = event("generations/begin")
    sent["requestContext"]["authorizer"]["lambda"] = verdict_of(key)
    assert store.call(sent, function="generations").status == 202
    consume(store)

    assert types(read(store)) == []
    (item,) = store.answer_to("events/all").json["items"]
    assert (item["type"], item["owner_id"], item["data"]["budget"]) == ("budget.reached", None, "key")
    assert item["data"]["key_id"] == "0123456789abcdef"
