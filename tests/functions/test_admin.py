"""The function of the admins: cleanup on demand and its reports (D5)."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta

import pytest

from tests.functions.deployment import Deployment, assert_refused, event

IN_SEVEN_DAYS = timedelta(days=7)


def trashed(store: Deployment) -> None:
    """An image whose time in the trash is over."""
    store.answer_to("upload/raw")
    store.answer_to("delete/trash")
    store.set_clock.instant += IN_SEVEN_DAYS


def test_a_run_is_dry_unless_asked_otherwise_and_changes_nothing(store: Deployment) -> None:
    trashed(store)
    before = store.contents()

    answer = store.answer_to("admin/cleanup-dry-run")

    assert answer.status == 200
    assert (answer.json["dry_run"], answer.json["trash"]) == (True, 1)
    assert answer.json["bytes_freed"] > 0
    assert store.contents() == before
    assert store.answer_to("admin/reports").json == {"items": []}


def test_a_real_run_collects_and_is_reported(store: Deployment) -> None:
    trashed(store)

    answer = store.answer_to("admin/cleanup")

    assert (answer.json["dry_run"], answer.json["trash"], answer.json["stopped_because"]) == (False, 1, None)
    assert not store.private_bucket.objects
    reports = store.answer_to("admin/reports").json["items"]
    assert reports == [answer.json]


def test_reports_come_newest_first_and_as_many_as_asked_for(store: Deployment) -> None:
    ids = []
    for _ in range(3):
        store.set_clock.instant += timedelta(minutes=1)
        ids.append(store.answer_to("admin/cleanup").json["id"])

    reports = store.answer_to("admin/reports").json["items"]

    assert [report["id"] for report in reports] == [ids[2], ids[1]]


def test_a_caller_without_the_admin_scope_is_refused_and_nothing_happens(store: Deployment) -> None:
    trashed(store)
    before = store.contents()

    for name in (
        "admin/cleanup-without-scope",
        "admin/reports-without-scope",
    ):
        assert_refused(store.answer_to(name), 403, "admin_required")

    assert store.contents() == before


def test_an_unknown_field_is_named(store: Deployment) -> None:
    answer = store.answer_to("admin/cleanup-unknown-field")

    assert_refused(answer, 400, "invalid_request")
    assert answer.json["errors"][0]["loc"] == ["body", "dryrun"]


ADMIN_ROUTES = [
    ("admin", "admin/cleanup-dry-run"),
    ("admin", "admin/reports"),
    ("health", "health/health"),
    ("migrate", "migrate/progress"),
    ("recovery", "recovery/rebuild-progress"),
    ("stats", "stats/all"),
]


@pytest.mark.parametrize(("function", "name"), ADMIN_ROUTES)
def test_a_caller_without_the_scope_of_admins_is_refused(function: str, name: str, store: Deployment) -> None:
    sent = deepcopy(event(name))
    verdict = sent["requestContext"]["authorizer"]["lambda"]
    verdict["scopes"] = verdict["scopes"].replace("images:admin", "images:administrator")

    assert_refused(store.call(sent, function=function), 403, "admin_required")
