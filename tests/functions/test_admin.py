"""The function of the admins: cleanup on demand and its reports (D5)."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.functions.deployment import Deployment, assert_refused, event

if TYPE_CHECKING:
    from collections.abc import Callable

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
        "admin/cleanup-by-named-subject",
    ):
        assert_refused(store.answer_to(name), 403, "admin_required")

    assert store.contents() == before


def test_a_subject_that_the_deployment_names_is_an_admin(store: Deployment) -> None:
    store.environment["ADMIN_SUBJECTS"] = "somebody,operator"

    assert store.answer_to("admin/cleanup-by-named-subject").status == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": "openid images:admin"},
        {"scp": "openid images:admin"},
        {"scope": "[openid images:admin]"},
        {"scp": "[images:admin openid]"},
    ],
)
def test_a_token_may_list_its_scopes_in_any_common_way(store: Deployment, claims: dict[str, str]) -> None:
    """Some issuers name the claim `scp`; the gateway hands a list over as text in brackets."""
    sent = event("admin/reports")
    del sent["requestContext"]["authorizer"]["jwt"]["claims"]["scope"]
    sent["requestContext"]["authorizer"]["jwt"]["claims"] |= claims

    assert store.call(sent, function="admin").status == 200


def test_an_unknown_field_is_named(store: Deployment) -> None:
    answer = store.answer_to("admin/cleanup-unknown-field")

    assert_refused(answer, 400, "invalid_request")
    assert answer.json["errors"][0]["loc"] == ["body", "dryrun"]


def with_scope(sent: dict[str, Any], scope: str) -> dict[str, Any]:
    """The same request with a token of another scope."""
    changed = deepcopy(sent)
    changed["requestContext"]["authorizer"]["jwt"]["claims"]["scope"] = scope
    return changed


ADMIN_ROUTES = [
    ("admin", "admin/cleanup-dry-run"),
    ("admin", "admin/reports"),
    ("health", "health/health"),
    ("migrate", "migrate/progress"),
    ("stats", "stats/all"),
]


@pytest.mark.parametrize(("function", "name"), ADMIN_ROUTES)
def test_a_deployment_names_the_scope_of_its_admins(
    function: str, name: str, deployed: Callable[..., Deployment]
) -> None:
    """Cognito cannot issue `images:admin`: its scopes are `identifier/scope`."""
    scope = "https://api.example.com/admin"
    store = deployed(ADMIN_SCOPE=scope)

    answer = store.call(with_scope(event(name), f"openid {scope}"), function=function)
    of_the_usual_scope = store.call(with_scope(event(name), "images:admin"), function=function)

    assert answer.status != 403
    assert_refused(of_the_usual_scope, 403, "admin_required")
    assert scope in of_the_usual_scope.json["detail"]
