"""The functions that tell figures and health (C4, F2)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from image_store.domain.errors import StorageUnavailable
from tests.functions.deployment import Deployment, assert_refused, event, with_query

if TYPE_CHECKING:
    from collections.abc import Callable


ONE = {"images": 1, "size_bytes": 97}
TWO = {"images": 2, "size_bytes": 194}
THREE = {"images": 3, "size_bytes": 291}
NOTHING = {"images": 0, "size_bytes": 0}


@pytest.fixture
def filled(store: Deployment) -> Deployment:
    """A private and a public image of alice's and a trashed one, the first of them a day older."""
    store.answer_to("upload/raw")
    store.set_clock.instant += timedelta(days=1)
    store.answer_to("upload/public")
    store.call(with_query(event("upload/raw"), "kind=reference"), function="upload")
    store.answer_to("delete/trash")
    store.projected()
    return store


def test_an_owner_sees_what_is_stored_in_all_and_in_parts(filled: Deployment) -> None:
    answer = filled.answer_to("stats/own")

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.json == {
        "scope": "own",
        **THREE,
        "by_kind": {"upload": TWO, "reference": ONE},
        "by_format": {"image/png": THREE},
        "by_visibility": {"private": TWO, "public": ONE},
        "by_model": {},
        "trash": ONE,
        "days": [{"date": "2026-03-01", **ONE}, {"date": "2026-03-02", **TWO}],
        "generation": {"days": []},
        "quota": {"images": None, "size_bytes": None},
    }


def test_with_a_quota_the_total_is_exact_before_anything_is_projected(
    deployed: Callable[..., Deployment],
) -> None:
    store = deployed(QUOTA_IMAGES="10")
    store.answer_to("upload/raw")

    answer = store.answer_to("stats/own").json

    assert (answer["images"], answer["size_bytes"]) == (1, 97)
    assert answer["by_kind"] == {}
    assert answer["quota"] == {"images": 10, "size_bytes": None}


def test_without_a_quota_all_figures_are_those_of_the_projections(store: Deployment) -> None:
    store.answer_to("upload/raw")
    before = store.answer_to("stats/own").json
    store.projected()

    after = store.answer_to("stats/own").json

    assert [answer["images"] for answer in (before, after)] == [0, 1]
    assert after["by_kind"] == {"upload": ONE}


def test_an_admin_sees_what_everybody_stores(filled: Deployment) -> None:
    answer = filled.answer_to("stats/all").json

    assert (answer["scope"], answer["images"], answer["size_bytes"]) == ("all", 3, 291)
    assert "quota" not in answer
    assert answer["by_kind"] == {"upload": TWO, "reference": ONE}


def test_only_an_admin_sees_what_everybody_stores(filled: Deployment) -> None:
    assert_refused(filled.answer_to("stats/all-without-scope"), 403, "admin_required")


def test_nobody_sees_figures_of_somebody_else(filled: Deployment) -> None:
    """A8."""
    answer = filled.answer_to("stats/of-somebody-else").json

    assert (answer["images"], answer["by_kind"], answer["trash"], answer["days"]) == (0, {}, NOTHING, [])


def test_days_are_those_that_were_asked_for(filled: Deployment) -> None:
    assert filled.answer_to("stats/days").json["days"] == []


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("from=2026-03-01&to=2026-03-02", 1),
        ("from=2026-03-01T18:00:00Z&to=2026-03-01T19:00:00Z", 1),
        ("from=2026-03-02T01:00:00%2B02:00&to=2026-03-02", 1),
        ("from=2026-03-02&to=2026-03-02T10:00:00Z", 1),
        ("from=9999-12-01&to=9999-12-31T23:00:00Z", 0),
        ("to=0001-01-02", 0),
    ],
)
def test_an_instant_means_its_whole_day(filled: Deployment, query: str, days: int) -> None:
    answer = filled.call(with_query(event("stats/days"), query), function="stats")

    assert answer.status == 200, answer.text
    assert len(answer.json["days"]) == days


def test_days_that_run_backwards_are_refused(store: Deployment) -> None:
    assert_refused(store.answer_to("stats/wrong-days"), 400, "invalid_request")


# The timeline -----------------------------------------------------------------------------------------


def test_a_timeline_counts_the_images_of_each_day_but_none_in_the_trash(filled: Deployment) -> None:
    filled.set_clock.instant += timedelta(days=40)
    filled.answer_to("upload/public")
    filled.projected()

    answer = filled.answer_to("stats/timeline")

    assert (answer.status, answer.headers["Cache-Control"]) == (200, "private, no-store")
    april = {"month": "2026-04", "images": 1, "days": {"11": 1}}
    march = {"month": "2026-03", "images": 2, "days": {"02": 2}}
    assert answer.json == {"items": [april, march], "next_cursor": None}


def test_an_image_that_is_restored_is_in_the_timeline_again(filled: Deployment) -> None:
    filled.answer_to("delete/restore")
    filled.projected()

    assert filled.answer_to("stats/timeline").json["items"] == [
        {"month": "2026-03", "images": 3, "days": {"02": 2, "01": 1}}
    ]


def test_nobody_sees_the_timeline_of_somebody_else(filled: Deployment) -> None:
    """A8."""
    sent = event("stats/timeline")
    sent["requestContext"]["authorizer"]["lambda"] |= {"owner": "bob", "name": "subject:bob"}

    assert filled.call(sent, function="stats").json == {"items": [], "next_cursor": None}


def test_a_timeline_continues_before_the_month_of_the_cursor(filled: Deployment) -> None:
    def before(month: str) -> int:
        sent = with_query(event("stats/timeline"), f"cursor={month}")
        return len(filled.call(sent, function="stats").json["items"])

    assert [before(month) for month in ("2026-04", "2026-03", "2020-01", "1000-01")] == [1, 0, 0, 0]


@pytest.mark.parametrize("cursor", ["yesterday", "2026-13", "0000-01", "2026-03-01"])
def test_a_cursor_that_is_no_month_is_refused(store: Deployment, cursor: str) -> None:
    sent = with_query(event("stats/timeline-wrong-cursor"), f"cursor={cursor}")

    assert_refused(store.call(sent, function="stats"), 400, "invalid_request")


# Owners -----------------------------------------------------------------------------------------------


def test_an_admin_lists_the_owners_page_by_page(store: Deployment) -> None:
    names = ["a#b/c d", "alice", "zoë"]
    for name in names:
        sent = event("upload/raw")
        sent["requestContext"]["authorizer"]["lambda"] |= {"owner": name, "name": f"subject:{name}"}
        assert store.call(sent, function="upload").status == 201
    before = store.answer_to("stats/owners").json
    store.projected()

    whole = store.answer_to("stats/owners")
    pages: list[str] = []
    query = "limit=1"
    while True:
        page = store.call(with_query(event("stats/owners"), query), function="stats").json
        pages += [item["owner_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query = f"limit=1&cursor={page['next_cursor']}"

    assert before == {"items": [], "next_cursor": None}
    assert (whole.status, whole.headers["Cache-Control"]) == (200, "private, no-store")
    assert sorted(item["owner_id"] for item in whole.json["items"]) == sorted(pages) == names
    assert [item["owner_id"] for item in whole.json["items"]] == pages


@pytest.mark.parametrize("cursor", ["x", "%F0%9F%98%80", "AA", "____", "YWxpY2U%3D%3D%3D"])
def test_a_cursor_that_names_nobody_is_refused(store: Deployment, cursor: str) -> None:
    sent = with_query(event("stats/owners"), f"cursor={cursor}")

    assert_refused(store.call(sent, function="stats"), 400, "invalid_cursor")


def test_only_an_admin_lists_the_owners(store: Deployment) -> None:
    assert_refused(store.answer_to("stats/owners-without-scope"), 403, "admin_required")


# Health -----------------------------------------------------------------------------------------------


class Waiting:
    """A queue in which so many messages wait; None: it does not answer."""

    def __init__(self, messages: int | None) -> None:
        self._messages = messages

    def waiting(self) -> int:
        if self._messages is None:
            raise StorageUnavailable("The queue is away.")
        return self._messages


def test_a_store_whose_every_part_answers_is_healthy(store: Deployment) -> None:
    store.depths["work"] = Waiting(3)

    answer = store.answer_to("health/health")

    assert (answer.status, answer.json["status"]) == (200, "ok")
    assert set(answer.json["components"]) == {
        "table",
        "cleanup",
        "private_bucket",
        "public_bucket",
        "signing_secret",
        "work",
        "providers",
        "backup",
    }
    assert answer.json["components"]["work"]["detail"] == "About 3 messages wait."


@pytest.mark.parametrize(
    ("queue", "messages", "status", "whole"),
    [
        ("work_dead_letters", 2, 200, "degraded"),
        ("work_dead_letters", 0, 200, "ok"),
        ("work", None, 503, "down"),
    ],
)
def test_overall_health_is_that_of_the_worst_part(
    store: Deployment, queue: str, messages: int | None, status: int, whole: str
) -> None:
    store.depths[queue] = Waiting(messages)

    answer = store.answer_to("health/health")

    assert (answer.status, answer.json["status"], answer.json["components"][queue]["status"]) == (
        status,
        whole,
        whole,
    )


def test_work_that_nobody_collects_is_reported(store: Deployment) -> None:
    store.answer_to("upload/raw")
    store.answer_to("delete/trash")
    store.set_clock.instant += timedelta(days=8)

    answer = store.answer_to("health/health")

    assert answer.json["status"] == "degraded"
    assert answer.json["components"]["cleanup"]["status"] == "degraded"


def test_a_missing_public_bucket_is_not_a_fault(deployed: Callable[..., Deployment]) -> None:
    store = deployed(PUBLIC_BUCKET="", PUBLIC_URL="")

    answer = store.answer_to("health/health")

    assert answer.json["status"] == "ok"
    assert answer.json["components"]["public_bucket"]["status"] == "not_configured"


@pytest.mark.parametrize(
    ("named", "environment", "status"),
    [
        ("", {}, "not_configured"),
        ("google,openai", {"google": "a key", "openai": "another"}, "ok"),
        ("google,openai", {"google": "a key"}, "degraded"),
    ],
)
def test_a_provider_without_a_key_is_reported(
    deployed: Callable[..., Deployment],
    monkeypatch: pytest.MonkeyPatch,
    named: str,
    environment: dict[str, str],
    status: str,
) -> None:
    monkeypatch.setattr("tests.functions.aws_texts.PROVIDERS_SECRET", environment)
    store = deployed(PROVIDERS=named, PROVIDERS_SECRET="image-store/providers")

    answer = store.answer_to("health/health")

    part = answer.json["components"]["providers"]
    assert part["status"] == status
    assert part["detail"] == (
        "There is no key for openai."
        if status == "degraded"
        else None
        if status == "ok"
        else "Images are generated with the keys of owners alone."
    )


def test_only_an_admin_sees_the_parts(store: Deployment) -> None:
    assert_refused(store.answer_to("health/without-scope"), 403, "admin_required")
