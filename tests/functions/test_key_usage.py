"""What an API key has used: the function that follows the stream counts it, and one route shows it."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from image_store.domain.callers.caller import key_holder
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.callers.scopes import Scope
from tests.fakes.stream import Streaming
from tests.functions.deployment import (
    Context,
    Deployment,
    assert_refused,
    event,
    from_owner,
    sent_bytes,
    with_query,
)
from tests.functions.test_key_limits import by, send
from tests.functions.test_upload_tokens import create, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.domain.callers.caller import Caller

SIZE = len(sent_bytes("upload/raw"))
DONE: dict[str, list[dict[str, str]]] = {"batchItemFailures": []}
NOTHING: dict[str, Any] = {"requests": None, "images": 0, "size_bytes": 0, "cost_usd": 0.0}


@pytest.fixture
def store(deployed: Callable[..., Deployment]) -> Deployment:
    """A store whose stream is recorded, with the key of `events/keys`."""
    deployment = deployed(PROVIDERS="pollinations", PROVIDERS_SECRET="image-store/providers")
    deployment.client = Streaming(deployment.client, at=deployment.set_clock.instant.timestamp())
    assert deployment.answer_to("keys/create").status == 201
    return deployment


def holder(**limits: int) -> Caller:
    """The key of `events/keys`, with these limits, as it may do everything."""
    return key_holder("0000000000000002", owner="alice", scopes=set(Scope), limits=KeyLimits(**limits))


def usage(store: Deployment) -> Any:
    """The answer about the key, after all changes so far were handled."""
    assert store.invoke("project", {"Records": store.client.told}) == DONE
    return store.answer_to("keys/usage").json


def test_a_key_that_was_never_used_has_no_days(store: Deployment) -> None:
    assert usage(store) == {"days": [], "total": NOTHING}


def test_a_stored_image_counts_once_however_often_the_stream_delivers_it(store: Deployment) -> None:
    send(store, holder())
    send(store, holder(), image_store_owner="bob")
    store.answer_to("upload/raw")  # a user's own

    once, again = usage(store), usage(store)

    used = {"requests": None, "images": 2, "size_bytes": 2 * SIZE, "cost_usd": 0.0}
    assert once == again == {"days": [{"date": "2026-03-01"} | used], "total": used}


def test_days_add_up_to_the_total(store: Deployment) -> None:
    send(store, holder(requests_per_minute=2))
    send(store, holder(requests_per_minute=2))
    send(store, holder(requests_per_minute=2))
    store.set_clock.instant -= timedelta(days=1)
    send(store, holder())

    answer = usage(store)

    assert [(day["date"], day["requests"], day["images"]) for day in answer["days"]] == [
        ("2026-02-28", None, 1),
        ("2026-03-01", 2, 2),
    ]
    assert answer["total"] == {"requests": 2, "images": 3, "size_bytes": 3 * SIZE, "cost_usd": 0.0}


def test_a_refused_upload_counts_nothing_and_a_deleted_image_goes_on_counting(store: Deployment) -> None:
    image_id = send(store, holder()).json["id"]
    assert send(store, holder(), b"no picture").status == 415
    sent = by(holder(), "delete/permanent")
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = f"/v1/images/{image_id}"
    assert store.call(sent, function="delete").status == 204

    assert usage(store)["total"] == NOTHING | {"images": 1, "size_bytes": SIZE}


def test_what_a_browser_uploads_counts_for_the_key_that_created_its_token(store: Deployment) -> None:
    token = create(store, caller=holder()).json["token"]
    assert upload(store, token).status == 201

    assert usage(store)["total"]["images"] == 1


def test_generated_images_count_with_their_cost_for_the_key_that_ordered_them(store: Deployment) -> None:
    store.set_clock.instant = datetime(2026, 11, 29, 12, tzinfo=UTC)  # there are no prices of earlier days
    begun = store.call(by(holder(), "generations/begin"), function="generations").json
    while store.to_generate.waiting:
        work = store.to_generate.waiting.pop(0)
        message = event("generate/one-image")
        message["Records"][0]["body"] = json.dumps({"work": type(work).__name__, **asdict(work)})
        store.invoke("generate", message, context=Context(remaining=timedelta(seconds=300)))

    usage(store)
    sent = with_query(event("keys/usage"), "")
    ((day,), total) = store.call(sent, function="keys").json.values()
    sent = event("generations/see")
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = f"/v1/generations/{begun['id']}"
    job = store.call(sent, function="generations").json
    assert total["images"] == job["progress"]["succeeded"] == 3
    assert total["cost_usd"] == job["cost_usd"] > 0
    assert day == {"date": "2026-11-29"} | total


class Away:
    """A table that takes no transaction of uses."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        if "COUNTED#" in str(request):
            raise EndpointConnectionError(endpoint_url="https://dynamodb.invalid")
        return self._client.transact_write_items(**request)


def test_a_use_that_cannot_be_counted_is_retried_and_delays_no_projection(store: Deployment) -> None:
    send(store, holder())
    changes, working = store.client.told, store.client
    store.client = Away(working)

    answer = store.invoke("project", {"Records": changes})

    commit = changes[-1]["dynamodb"]["SequenceNumber"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": commit}]}
    assert store.answer_to("stats/own").json["images"] == 1
    store.client = working
    assert usage(store)["total"]["images"] == 1


def test_an_unreadable_record_is_reported_and_stops_nothing(
    store: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    send(store, holder())
    changes = deepcopy(store.client.told)
    changes[-1]["dynamodb"]["NewImage"]["v"] = {"N": "99"}

    assert store.invoke("project", {"Records": changes}) == DONE
    assert "usage of an API key cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("from=2026-03-02&to=2026-03-02", 400, "invalid_request"),
        ("from=2026-03-03&to=2026-03-02", 400, "invalid_request"),
        ("from=2025-03-01&to=2026-03-03", 400, "invalid_request"),
        ("from=yesterday", 400, "invalid_request"),
        ("days=3", 400, "invalid_request"),
    ],
)
def test_a_range_without_days_or_beyond_366_is_refused(
    store: Deployment, query: str, status: int, code: str
) -> None:
    assert_refused(store.call(with_query(event("keys/usage"), query), function="keys"), status, code)


@pytest.mark.parametrize("query", ["", "from=2025-03-02&to=2026-03-03", "to=0001-01-02"])
def test_ranges_of_up_to_366_days_are_answered(store: Deployment, query: str) -> None:
    assert store.call(with_query(event("keys/usage"), query), function="keys").status == 200


def test_the_usage_of_others_keys_is_hidden(store: Deployment) -> None:
    assert_refused(store.call(from_owner(event("keys/usage"), "bob"), function="keys"), 404, "key_not_found")
    key = replace(holder(), scopes=frozenset(Scope) - {Scope.ADMIN})
    assert_refused(store.call(by(key, "keys/usage"), function="keys"), 403, "admin_required")
