"""The function that manages API keys, and that a key is shown once and nowhere else."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.callers.api_keys import parse_key
from image_store.domain.callers.caller import key_holder, user
from image_store.domain.callers.scopes import Scope
from image_store.entrypoints.callers.request_schemas import KeyLimitsFields
from image_store.entrypoints.callers.verdicts import verdict_of
from tests.fakes.dynamodb import all_items
from tests.functions.deployment import (
    API,
    Answer,
    Deployment,
    assert_refused,
    event,
    from_owner,
    with_headers,
    with_query,
)

if TYPE_CHECKING:
    from image_store.domain.callers.caller import Caller

ADMIN = user("root", scopes={"admin"}, admin_scope="admin", admin_subjects=())


def send(store: Deployment, name: str, *, caller: Caller | None = None, body: Any = None) -> Answer:
    """Send a request of `events/keys`, by another caller or with another body."""
    sent = deepcopy(event(f"keys/{name}"))
    if caller is not None:
        sent["requestContext"]["authorizer"]["lambda"] = verdict_of(caller)
    if body is not None:
        sent["body"] = json.dumps(body)
        sent["headers"] = sent["headers"] | {"content-type": "application/json"}
    return store.call(sent, function="keys")


def accepted_by_the_authorizer(store: Deployment, key: str) -> dict[str, Any]:
    """The verdict of the authorizer on a key."""
    sent = deepcopy(event("authorize/api-key"))
    sent["headers"]["authorization"] = f"Bearer {key}"
    verdict: dict[str, Any] = store.invoke("authorize", sent)["context"]
    return verdict


def test_a_created_key_lets_its_owner_in(store: Deployment) -> None:
    answer = store.answer_to("keys/create")

    assert (answer.status, answer.headers["Cache-Control"]) == (201, "private, no-store")
    assert answer.headers["Location"] == f"{API}/v1/keys/{answer.json['id']}"
    assert {name: value for name, value in answer.json.items() if name != "key"} == {
        "id": "0000000000000002",
        "name": "nightly job",
        "owner": "alice",
        "scopes": ["images:read", "images:write"],
        "status": "active",
        "created_at": "2026-03-01T12:00:00.000Z",
        "created_by": "subject:alice",
        "expires_at": "2027-03-01T12:00:00.000Z",
        "revoked_at": None,
        "last_used_at": None,
        "limits": dict.fromkeys(KeyLimitsFields.model_fields),
        "previous_secret_until": None,
    }
    assert accepted_by_the_authorizer(store, answer.json["key"]) == {
        "name": f"key:{answer.json['id']}",
        "owner": "alice",
        "scopes": "images:read images:write",
    }


def test_a_key_is_shown_when_it_is_made_and_nowhere_else(
    store: Deployment, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    created = store.answer_to("keys/create")
    rotated = store.answer_to("keys/rotate")
    secrets = {parse_key(answer.json["key"])[1] for answer in (created, rotated)}
    texts = [
        store.answer_to(f"keys/{name}").text for name in ("see", "list", "change", "revoke", "rotate", "see")
    ]

    assert len(secrets) == 2
    rows = json.dumps(all_items(store.client, store.table))
    logged = capsys.readouterr()
    for secret in secrets:
        assert secret not in "".join(texts)
        assert secret not in rows
        assert secret not in logged.out + logged.err + caplog.text


def test_an_admin_creates_a_key_for_an_owner_that_may_act_for_others(store: Deployment) -> None:
    answer = store.answer_to("keys/create-for-owner")

    assert (answer.status, answer.json["owner"], answer.json["created_by"]) == (201, "bob", "subject:root")
    assert answer.json["scopes"] == ["act-as", "images:write"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": ["act-as"]},
        {"name": "x", "scopes": ["images:admin"]},
        {"name": "x", "scopes": ["images:read"], "owner": "bob"},
    ],
)
def test_a_user_grants_only_their_own_rights(store: Deployment, body: Any) -> None:
    assert_refused(send(store, "create", body=body), 403, "admin_required")
    assert store.is_empty()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "", "scopes": ["images:read"]},
        {"name": "x" * 101, "scopes": ["images:read"]},
        {"name": "a\nb", "scopes": ["images:read"]},
        {"name": "x", "scopes": ["images:read"] * 6},
        {"name": "x", "scopes": ["everything"]},
        {"name": "x", "scopes": ["images:read"], "owner": "a\nb"},
        {"name": "x", "scopes": ["images:read"], "owner": "é" * 255},
        {"name": "x", "scopes": ["images:read"], "expires_at": "2026-03-01T12:00:00Z"},
        {"name": "x", "scopes": ["images:read"], "expires_at": "2036-12-01T12:00:00Z"},
        {"name": "x", "scopes": ["images:read"], "limits": {"requests": 1}},
        {"name": "x", "scopes": ["images:read"], "limits": {"requests_per_minute": 0}},
        {"name": "x", "scopes": ["images:read"], "limits": {"requests_per_minute": 30_001}},
        {"name": "x", "scopes": ["images:read"], "limits": {"requests_per_minute": "1"}},
        {"name": "x", "scopes": ["images:read"], "limits": {"cost_usd_per_day": 0}},
        {"name": "x", "scopes": ["images:read"], "limits": {"cost_usd_per_day": 1_000_001}},
        {"name": "x", "scopes": ["images:read"], "limits": {"cost_usd_per_month": "1"}},
    ],
)
def test_a_wrong_request_creates_nothing(store: Deployment, body: Any) -> None:
    assert_refused(send(store, "create", body=body), 400, "invalid_request")
    assert_refused(store.answer_to("keys/no-scopes"), 400, "invalid_request")
    assert store.is_empty()


def test_an_owner_lists_their_keys_and_an_admin_those_of_all(store: Deployment) -> None:
    for owner in ("alice", "bob", "alice"):
        store.call(from_owner(event("keys/create"), owner), function="keys")

    mine = store.answer_to("keys/list")
    bobs = store.call(with_query(event("keys/list"), "owner=bob"), function="keys")
    first = store.answer_to("keys/list-all-owners")
    cursor = first.json["next_cursor"]
    rest = store.call(
        with_query(event("keys/list-all-owners"), f"all_owners=true&limit=2&cursor={cursor}"), function="keys"
    )

    assert [key["owner"] for key in mine.json["items"]] == ["alice", "alice"]
    assert mine.json["next_cursor"] is None
    assert [key["owner"] for key in first.json["items"] + rest.json["items"]] == ["alice", "alice", "bob"]
    assert rest.json["next_cursor"] is None
    assert_refused(bobs, 403, "admin_required")


def test_an_admin_lists_the_keys_of_one_owner(store: Deployment) -> None:
    for owner in ("alice", "bob"):
        store.call(from_owner(event("keys/create"), owner), function="keys")

    answer = store.call(with_query(event("keys/list-all-owners"), "owner=bob"), function="keys")

    assert [key["owner"] for key in answer.json["items"]] == ["bob"]


def test_a_cursor_belongs_to_its_list(store: Deployment) -> None:
    for _ in range(2):
        store.answer_to("keys/create")
    page = store.call(with_query(event("keys/list"), "limit=1"), function="keys")
    others = with_query(event("keys/list-all-owners"), f"all_owners=true&cursor={page.json['next_cursor']}")

    assert_refused(store.call(others, function="keys"), 400, "invalid_cursor")
    for query in ("cursor=x", "limit=0", "limit=101", "all_owners=1", "owner=a&all_owners=true", "owner="):
        sent = with_query(event("keys/list-all-owners"), query)
        assert store.call(sent, function="keys").status == 400


def test_a_key_of_an_owner_with_the_longest_name_is_listed_page_by_page(store: Deployment) -> None:
    owner = "\U0001f600" * 63
    for _ in range(2):
        store.call(from_owner(event("keys/create"), owner), function="keys")

    first = store.call(with_query(from_owner(event("keys/list"), owner), "limit=1"), function="keys")
    query = f"limit=1&cursor={first.json['next_cursor']}"
    second = store.call(with_query(from_owner(event("keys/list"), owner), query), function="keys")

    assert [len(page.json["items"]) for page in (first, second)] == [1, 1]


def test_a_change_keeps_what_it_does_not_name(store: Deployment) -> None:
    before = store.answer_to("keys/create").json
    del before["key"]

    changed = store.answer_to("keys/change")

    assert changed.status == 200
    assert changed.json == before | {"name": "weekly job", "expires_at": None}
    assert store.answer_to("keys/see").json == changed.json


@pytest.mark.parametrize(
    "body", [{"name": None}, {"scopes": []}, {"owner": "bob"}, {"id": "x"}, {"scopes": None}, []]
)
def test_a_wrong_change_changes_nothing(store: Deployment, body: Any) -> None:
    store.answer_to("keys/create")
    before = store.contents()

    assert_refused(send(store, "change", body=body), 400, "invalid_request")
    assert store.contents() == before


def test_a_change_of_limits_keeps_those_that_it_does_not_name(store: Deployment) -> None:
    store.answer_to("keys/create")

    with_limit = store.answer_to("keys/limit")
    same = send(store, "change", body={"limits": {}})
    without_limit = send(store, "change", body={"limits": {"requests_per_minute": None}})
    store.answer_to("keys/limit")
    without_any = send(store, "change", body={"limits": None})

    assert with_limit.json["limits"]["requests_per_minute"] == 600
    assert same.json["limits"] == with_limit.json["limits"]
    assert set(without_limit.json["limits"].values()) == {None}
    assert set(without_any.json["limits"].values()) == {None}


@pytest.mark.parametrize("cost", [0.000001, 0.1, 2.5, 7, 1_000_000])
def test_a_budget_is_shown_as_it_was_set(store: Deployment, cost: float) -> None:
    store.answer_to("keys/create")

    changed = send(store, "change", body={"limits": {"cost_usd_per_month": cost}})

    assert changed.json["limits"]["cost_usd_per_month"] == cost


def test_the_limits_of_a_key_reach_the_functions_with_its_caller(store: Deployment) -> None:
    body = {"name": "x", "scopes": ["images:read"], "limits": {"requests_per_minute": 2}}
    key = send(store, "create", body=body).json["key"]
    sent = deepcopy(event("list/newest"))
    sent["requestContext"]["authorizer"]["lambda"] = accepted_by_the_authorizer(store, key)

    answers = [store.call(sent, function="list") for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert_refused(answers[2], 429, "rate_limited")
    assert answers[2].headers["Retry-After"] == "30"


def test_a_rotated_key_works_and_the_old_secret_until_the_grace_period_is_over(store: Deployment) -> None:
    old = store.answer_to("keys/create").json["key"]

    rotated = store.answer_to("keys/rotate")

    assert rotated.status == 200
    assert rotated.json["previous_secret_until"] == "2026-03-02T12:00:00.000Z"
    assert rotated.headers["Cache-Control"] == "private, no-store"
    assert accepted_by_the_authorizer(store, old)["owner"] == "alice"
    store.set_clock.instant += timedelta(days=1)
    assert accepted_by_the_authorizer(store, old)["refusal"] == "invalid_token"
    assert accepted_by_the_authorizer(store, rotated.json["key"])["owner"] == "alice"
    assert store.answer_to("keys/see").json["previous_secret_until"] is None


def test_a_rotation_without_grace_ends_the_old_secret_at_once(store: Deployment) -> None:
    old = store.answer_to("keys/create").json["key"]

    rotated = store.answer_to("keys/rotate-at-once")

    assert rotated.json["previous_secret_until"] is None
    assert accepted_by_the_authorizer(store, old)["refusal"] == "invalid_token"
    assert_refused(send(store, "rotate", body={"grace_seconds": 604_801}), 400, "invalid_request")
    assert_refused(send(store, "rotate", body={"grace_seconds": -1}), 400, "invalid_request")


def test_a_revoked_key_lets_nobody_in_and_stays_in_the_list(store: Deployment) -> None:
    key = store.answer_to("keys/create").json["key"]

    answers = [store.answer_to("keys/revoke") for _ in range(2)]

    assert [(answer.status, answer.text) for answer in answers] == [(204, "")] * 2
    assert accepted_by_the_authorizer(store, key)["refusal"] == "key_revoked"
    assert [each["status"] for each in store.answer_to("keys/list").json["items"]] == ["revoked"]
    assert_refused(store.answer_to("keys/rotate"), 400, "invalid_request")


def test_an_expired_key_is_shown_as_expired(store: Deployment) -> None:
    store.answer_to("keys/create")

    store.set_clock.instant += timedelta(days=365)

    assert store.answer_to("keys/see").json["status"] == "expired"


@pytest.mark.parametrize("name", ["see", "change", "rotate", "revoke"])
def test_a_foreign_key_is_answered_as_one_that_never_was(store: Deployment, name: str) -> None:
    never = store.answer_to(f"keys/{name}")
    store.call(from_owner(event("keys/create"), "bob"), function="keys")
    before = store.contents()

    foreign = store.answer_to(f"keys/{name}")

    assert_refused(foreign, 404, "key_not_found")
    assert foreign == never
    assert store.contents() == before


@pytest.mark.parametrize("key_id", ["x", "0" * 15, "0" * 4_000, "0000000000000002 ", "\u06f0" * 16])
def test_an_id_that_no_key_has_is_not_found(store: Deployment, key_id: str) -> None:
    sent = deepcopy(event("keys/see"))
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = f"/v1/keys/{key_id}"

    assert store.call(sent, function="keys").status == 404


def test_a_key_manages_keys_only_with_the_scope_of_admins(store: Deployment) -> None:
    store.answer_to("keys/create")
    before = store.contents()
    holder = key_holder("00000000000000aa", owner="alice", scopes=set(Scope) - {Scope.ADMIN})
    admin = key_holder("00000000000000aa", owner="alice", scopes=set(Scope))

    for name in ("create", "list", "see", "change", "rotate", "revoke"):
        assert_refused(send(store, name, caller=holder), 403, "admin_required")
    assert store.contents() == before
    assert send(store, "create", caller=admin).json["created_by"] == "key:00000000000000aa"


def test_an_admins_key_that_acts_for_an_owner_creates_a_key_of_that_owner(store: Deployment) -> None:
    admin = key_holder("00000000000000aa", owner="backend", scopes=set(Scope))
    sent = with_headers(event("keys/create"), image_store_owner="bo%C3%AB")
    sent["requestContext"]["authorizer"]["lambda"] = verdict_of(admin)

    assert store.call(sent, function="keys").json["owner"] == "boë"


def test_an_owner_gets_no_secret_of_a_key_with_rights_of_admins(store: Deployment) -> None:
    store.call(from_owner(event("keys/create"), "x"), function="keys")
    key_id = store.answer_to("keys/create-for-owner").json["id"]
    bob = user("bob", scopes=(), admin_scope="admin", admin_subjects=())
    before = store.contents()

    def address(name: str, caller: Caller, body: Any = None) -> Answer:
        sent = deepcopy(event(f"keys/{name}"))
        path = sent["rawPath"].replace("0000000000000002", key_id)
        sent["rawPath"] = sent["requestContext"]["http"]["path"] = path
        sent["requestContext"]["authorizer"]["lambda"] = verdict_of(caller)
        return store.call(sent | ({"body": json.dumps(body)} if body else {}), function="keys")

    assert_refused(address("rotate", bob), 403, "admin_required")
    assert_refused(address("change", bob, {"expires_at": "2030-01-01T00:00:00Z"}), 403, "admin_required")
    assert store.contents() == before
    assert address("rotate", ADMIN).status == 200
    assert address("change", bob, {"name": "renamed"}).json["name"] == "renamed"
    assert address("revoke", bob).status == 204
