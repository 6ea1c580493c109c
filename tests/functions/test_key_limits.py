"""The limits of API keys on images and bytes, on every way to store an image."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.callers.caller import key_holder
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.callers.scopes import Scope
from image_store.entrypoints.callers.verdicts import verdict_of
from tests.fakes.dynamodb import all_items
from tests.functions.deployment import (
    Answer,
    Deployment,
    assert_refused,
    event,
    sent_bytes,
    with_bytes,
    with_headers,
)
from tests.functions.test_upload_tokens import create, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store.domain.callers.caller import Caller

KEY_ID = "0123456789abcdef"
PICTURE = sent_bytes("upload/raw")
TWELVE_HOURS = "43200"
REQUESTS = ("upload/raw", "list/newest", "list/newest")


def holder(**limits: int) -> Caller:
    """A key with these limits that may do everything."""
    return key_holder(KEY_ID, owner="alice", scopes=set(Scope), limits=KeyLimits(**limits))


def by(caller: Caller, name: str) -> dict[str, Any]:
    """An event of `events/`, sent by this caller."""
    sent = deepcopy(event(name))
    sent["requestContext"]["authorizer"]["lambda"] = verdict_of(caller)
    return sent


def counts(store: Deployment) -> dict[str, tuple[int, int]]:
    """Images and bytes that the key's counters hold, by period."""
    return {
        row["sk"]["S"]: (int(row["images"]["N"]), int(row["size_bytes"]["N"]))
        for row in all_items(store.client, store.table)
        if row["pk"]["S"] == f"KEYUSE#{KEY_ID}"
    }


def send(store: Deployment, caller: Caller, data: bytes = PICTURE, **headers: str) -> Answer:
    """Upload a picture."""
    return store.call(with_headers(with_bytes(by(caller, "upload/raw"), data), **headers), function="upload")


@pytest.mark.parametrize(
    "limits",
    [{"images_per_day": 2}, {"bytes_per_day": 2 * len(PICTURE)}],
    ids=str,
)
def test_an_upload_beyond_a_limit_leaves_nothing(store: Deployment, limits: dict[str, int]) -> None:
    key = holder(**limits)
    answers = [send(store, key), send(store, key, image_store_owner="bob")]
    before = store.contents()

    refused = send(store, key)

    assert [answer.status for answer in answers] == [201, 201]
    assert_refused(refused, 429, "quota_exceeded")
    assert refused.headers["Retry-After"] == TWELVE_HOURS
    assert store.contents() == before
    assert counts(store) == {"2026-03-01": (2, 2 * len(PICTURE))}


def test_day_and_month_are_counted_where_they_are_limited(store: Deployment) -> None:
    send(store, holder(images_per_month=5, bytes_per_day=10**6))

    assert counts(store) == {"2026-03-01": (1, len(PICTURE)), "2026-03": (1, len(PICTURE))}


def test_a_key_without_such_limits_and_a_user_count_nothing(store: Deployment) -> None:
    send(store, holder(requests_per_minute=100))
    store.answer_to("upload/raw")

    assert counts(store) == {}


def test_a_repeated_upload_counts_once(store: Deployment) -> None:
    key = holder(images_per_day=1)

    first, second = (send(store, key, idempotency_key="once") for _ in range(2))

    assert (first.status, second.json["id"]) == (201, first.json["id"])


def test_items_of_a_batch_beyond_the_limit_fail_alone(store: Deployment) -> None:
    store.call(by(holder(images_per_day=1), "upload/batch"), function="upload")
    before = counts(store)

    answer = store.call(by(holder(images_per_day=1), "upload/batch"), function="upload").json

    assert before == counts(store)
    assert before["2026-03-01"][0] == 1
    assert answer["successful"] == []
    assert {item["error"]["code"] for item in answer["failed"]} == {"quota_exceeded"}


def test_a_direct_upload_counts_when_it_begins(store: Deployment) -> None:
    key = holder(images_per_day=1)

    begun = store.call(by(key, "direct/begin"), function="direct")
    before = store.contents()
    refused = store.call(by(key, "direct/begin"), function="direct")

    assert begun.status == 201
    assert_refused(refused, 429, "quota_exceeded")
    assert store.contents() == before


def test_uploads_with_a_token_count_for_the_key_that_created_it(store: Deployment) -> None:
    token = create(store, caller=holder(images_per_day=1)).json["token"]

    first = upload(store, token)
    before = store.contents()
    second = upload(store, token)

    assert first.status == 201
    assert_refused(second, 429, "quota_exceeded")
    assert store.contents() == before


def test_generated_images_count_when_they_are_ordered(deployed: Callable[..., Deployment]) -> None:
    store = deployed(PROVIDERS="pollinations", PROVIDERS_SECRET="image-store/providers")
    key = holder(images_per_day=3)
    sent = by(key, "generations/begin")
    sent["body"] = json.dumps({"items": [{"prompt": "A lighthouse", "n": 2}], "join": False})

    begun = store.call(sent, function="generations")
    before = store.contents()
    refused = store.call(sent, function="generations")

    assert begun.status == 202
    assert counts(store) == {"2026-03-01": (2, 0)}
    assert_refused(refused, 429, "quota_exceeded")
    assert store.contents() == before
    assert send(store, key).status == 201
    assert_refused(send(store, key), 429, "quota_exceeded")


def test_a_request_that_a_key_may_not_send_uses_up_nothing_of_it(store: Deployment) -> None:
    reading = key_holder(
        KEY_ID, owner="alice", scopes=[Scope.READ_IMAGES], limits=KeyLimits(requests_per_minute=1)
    )

    answers = [store.call(by(reading, name), function=name.partition("/")[0]) for name in REQUESTS]

    assert [answer.status for answer in answers] == [403, 200, 429]


@pytest.fixture
def refusals(
    store: Deployment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[str]]:
    """Reads the codes of the refusals that were counted since the last time."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "image-store")

    def read() -> list[str]:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
        assert {line["service"] for line in lines} <= {"image-store"}
        return [line["code"] for line in lines if line["KeyLimitRefusals"] == 1]

    return read


def test_what_the_limits_of_a_key_refuse_is_counted(
    store: Deployment, refusals: Callable[[], list[str]]
) -> None:
    send(store, holder(images_per_day=1, requests_per_minute=1))
    send(store, holder(images_per_day=1))
    send(store, holder(requests_per_minute=1))
    store.call(by(holder(images_per_day=1), "upload/batch"), function="upload")

    assert refusals()[:2] == ["quota_exceeded", "rate_limited"]
    store.call(by(holder(images_per_day=1), "upload/batch"), function="upload")
    assert set(refusals()) == {"quota_exceeded"}


def test_what_a_budget_of_a_key_refuses_is_counted(
    deployed: Callable[..., Deployment], refusals: Callable[[], list[str]]
) -> None:
    store = deployed(PROVIDERS="pollinations", PROVIDERS_SECRET="image-store/providers")
    key = holder(cost_micros_per_day=1)

    answer = store.call(by(key, "generations/begin"), function="generations")

    assert_refused(answer, 402, "budget_exceeded")
    assert refusals() == ["budget_exceeded"]


def test_the_quota_of_an_owner_is_not_counted_as_a_limit_of_a_key(
    deployed: Callable[..., Deployment], refusals: Callable[[], list[str]]
) -> None:
    store = deployed(QUOTA_IMAGES="1")
    send(store, holder())

    assert_refused(send(store, holder()), 429, "quota_exceeded")

    assert refusals() == []
