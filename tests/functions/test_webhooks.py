"""Webhooks over HTTP: how owners create, see, change, test, replay and delete them."""

from __future__ import annotations

import base64
import json
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.callers.caller import key_holder
from image_store.domain.callers.scopes import Scope
from image_store.domain.webhooks.webhook import MAX_WEBHOOKS, secret_context
from image_store.domain.work import DeliverWebhook
from image_store.entrypoints.callers.verdicts import verdict_of
from tests.fakes.clock import CountedIds
from tests.fakes.dynamodb import all_items
from tests.fakes.interception import InterceptedClient, never_send
from tests.functions.deployment import (
    API,
    Answer,
    Deployment,
    assert_refused,
    event,
    from_owner,
)
from tests.functions.requests import routes
from tests.functions.webhook_requests import HOOK, body_of, called, created
from tests.samples import START

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OF_ONE = sorted(
    f"webhooks/{name}"
    for name in (
        "see",
        "change",
        "delete",
        "test",
        "deliveries",
        "replay-event",
        "replay-failed",
        "rotate",
    )
)
"""A request to each route of one webhook."""


def changed(store: Deployment, **changes: Any) -> Answer:
    return called(store, body_of(event("webhooks/change"), **changes))


def as_admin(sent: dict[str, Any]) -> dict[str, Any]:
    raised = deepcopy(sent)
    raised["requestContext"]["authorizer"]["lambda"]["scopes"] += f" {Scope.ADMIN}"
    return raised


def with_key(sent: dict[str, Any], *scopes: Scope) -> dict[str, Any]:
    """The same request with an API key of these scopes."""
    verdict: Mapping[str, str] = verdict_of(key_holder("k", owner="alice", scopes=scopes))
    changed_event = deepcopy(sent)
    changed_event["requestContext"]["authorizer"]["lambda"] = verdict
    return changed_event


# Managing --------------------------------------------------------------------------------------------------


def test_a_new_webhook_is_answered_with_its_secret_and_its_address(store: Deployment) -> None:
    answer = store.answer_to("webhooks/create")

    webhook = answer.json
    secret = webhook.pop("secret")
    assert (answer.status, answer.headers["Cache-Control"]) == (201, "private, no-store")
    assert answer.headers["Location"] == f"{API}/v1/webhooks/{HOOK}"
    assert webhook == {
        "id": HOOK,
        "url": "https://example.com/hooks?from=store",
        "types": None,
        "description": None,
        "scope": "own",
        "enabled": True,
        "disabled_reason": None,
        "failing_since": None,
        "created_at": "2026-03-01T12:00:00.000Z",
        "created_by": "subject:alice",
        "updated_at": "2026-03-01T12:00:00.000Z",
        "previous_secret_until": None,
        "replay": None,
    }
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32


def test_no_row_has_the_secret_and_it_opens_only_for_its_webhook(store: Deployment) -> None:
    secret = created(store)["secret"]

    assert secret.removeprefix("whsec_") not in json.dumps(all_items(store.client, store.table))
    with store.gate.at_work("deliver"):
        webhook = store.ports.webhooks.get(HOOK)
        assert webhook is not None
        [sealed] = webhook.sealed_secrets(START)
        assert store.cipher.open(sealed, context=secret_context("alice", HOOK)) == secret


def test_a_webhook_is_seen_and_listed_without_its_secret(store: Deployment) -> None:
    first = created(store)
    second = created(store, "webhooks/create-for-some-types")

    seen, all_of_them = store.answer_to("webhooks/see"), store.answer_to("webhooks/list")

    assert seen.json == {name: value for name, value in first.items() if name != "secret"}
    assert [each["id"] for each in all_of_them.json["items"]] == [second["id"], first["id"]]
    assert all_of_them.json["items"][1] == seen.json
    assert all_of_them.json["items"][0]["types"] == ["image.created", "image.deleted"]
    assert all_of_them.json["items"][0]["description"] == "mirror of images"
    assert "whsec_" not in seen.text + all_of_them.text


def test_a_new_webhook_is_woken_when_everybody_knows_of_it(store: Deployment) -> None:
    created(store)

    assert store.to_deliver.waiting == [DeliverWebhook(HOOK)]
    assert store.to_deliver.delays == [timedelta(seconds=12)]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hooks",
        "http://10.0.0.7/hooks",
        "https://10.0.0.7/hooks",
        "https://169.254.169.254/",
        "https://localhost/hooks",
        "https://example.com:8443/",
        "https://user@example.com/",
        "ftp://example.com/",
        "example.com",
        "https://exa mple.com/",
    ],
)
def test_an_address_that_is_not_allowed_is_refused_and_leaves_nothing(store: Deployment, url: str) -> None:
    answer = called(store, body_of(event("webhooks/create"), url=url))

    assert_refused(answer, 422, "url_not_allowed")
    assert store.is_empty()
    assert store.kms_client.asked == []


@pytest.mark.parametrize("variable", ["REMOTE_NETWORKS", "WEBHOOK_NETWORKS"])
def test_private_networks_of_the_deployment_may_be_reached_over_http(
    deployed: Callable[..., Deployment], variable: str
) -> None:
    store = deployed(**{variable: "127.0.0.0/8"})

    for url in ("http://127.0.0.1:3000/hooks", "http://localhost:3000/hooks", "https://app.internal:8443/"):
        answer = called(store, body_of(event("webhooks/create"), url=url))
        assert (answer.status, answer.json["url"]) == (201, url)
    for url in ("http://app.internal:3000/", "http://example.com/", "http://10.0.0.7/"):
        assert called(store, body_of(event("webhooks/create"), url=url)).status == 422


def test_hosts_that_the_deployment_does_not_name_are_refused(deployed: Callable[..., Deployment]) -> None:
    store = deployed(REMOTE_HOSTS=".example.org,example.com")

    statuses = [
        called(store, body_of(event("webhooks/create"), url=f"https://{host}/")).status
        for host in ("example.com", "a.example.org", "example.org", "other.example")
    ]

    assert statuses == [201, 201, 422, 422]


def test_a_wrong_request_is_refused_with_its_faults(store: Deployment) -> None:
    answer = store.answer_to("webhooks/create-wrong")

    assert_refused(answer, 400, "invalid_request")
    assert sorted(each["loc"][-1] for each in answer.json["errors"]) == ["secret", "types", "url"]
    assert "whsec_mine" not in answer.text
    assert store.is_empty()


def test_an_owner_has_twenty_webhooks_and_no_more(store: Deployment) -> None:
    for _ in range(MAX_WEBHOOKS):
        created(store)

    assert_refused(store.answer_to("webhooks/create"), 429, "too_many_webhooks")
    assert called(store, from_owner(event("webhooks/create"), "bob")).status == 201
    assert store.answer_to("webhooks/delete").status == 204
    assert store.answer_to("webhooks/create").status == 201


def test_a_change_is_seen_and_only_what_was_sent_changes(store: Deployment) -> None:
    before = created(store, "webhooks/create-for-some-types")
    store.set_clock.instant += MINUTE

    answer = store.answer_to("webhooks/change")

    assert answer.status == 200
    assert answer.json == store.answer_to("webhooks/see").json
    assert answer.json["url"] == "https://example.com/new"
    assert (answer.json["types"], answer.json["description"]) == (["image.created"], None)
    assert answer.json["updated_at"] == "2026-03-01T12:01:00.000Z"
    unchanged = ("id", "scope", "enabled", "created_at", "created_by")
    assert [answer.json[name] for name in unchanged] == [before[name] for name in unchanged]
    assert changed(store, types=None).json["types"] is None


def test_a_change_that_changes_nothing_writes_nothing(store: Deployment) -> None:
    created(store)
    store.answer_to("webhooks/change")
    before = store.contents()
    store.set_clock.instant += MINUTE

    answer = store.answer_to("webhooks/change")

    assert answer.json["updated_at"] == "2026-03-01T12:00:00.000Z"
    assert store.contents() == before


def test_a_change_to_an_address_that_is_not_allowed_changes_nothing(store: Deployment) -> None:
    created(store)
    before = store.contents()

    assert_refused(changed(store, url="http://10.0.0.7/"), 422, "url_not_allowed")
    assert store.contents() == before


def test_a_webhook_is_disabled_and_enabled_again(store: Deployment) -> None:
    created(store)

    off = store.answer_to("webhooks/disable").json
    assert (off["enabled"], off["disabled_reason"]) == (False, "by_owner")
    for name in ("webhooks/test", "webhooks/replay-event", "webhooks/replay-time", "webhooks/replay-failed"):
        assert_refused(store.answer_to(name), 409, "webhook_disabled")
    store.set_clock.instant += HOUR
    store.to_deliver.clear()

    on = store.answer_to("webhooks/enable").json

    assert (on["enabled"], on["disabled_reason"]) == (True, None)
    assert store.to_deliver.waiting == [DeliverWebhook(HOOK)]
    with store.gate.at_work("deliver"):
        webhook = store.ports.webhooks.get(HOOK)
    assert webhook is not None
    assert webhook.active_since == START + HOUR


def test_two_changes_at_once_do_not_undo_each_other(store: Deployment) -> None:
    created(store)
    service = store.application.webhooks.administration
    original = service.webhooks.get

    def read_and_lose(webhook_id: str) -> Any:
        webhook = original(webhook_id)
        service.webhooks.get = original  # type: ignore[method-assign]
        assert changed(store, description="first").status == 200
        return webhook

    service.webhooks.get = read_and_lose  # type: ignore[method-assign]
    answer = changed(store, url="https://example.com/second")

    assert_refused(answer, 409, "conflict")
    seen = store.answer_to("webhooks/see").json
    assert (seen["description"], seen["url"]) == ("first", "https://example.com/hooks?from=store")


def test_a_deleted_webhook_is_gone(store: Deployment) -> None:
    created(store)

    answer = store.answer_to("webhooks/delete")

    assert (answer.status, answer.text) == (204, "")
    assert store.answer_to("webhooks/list").json == {"items": []}
    for name in OF_ONE:
        assert_refused(store.answer_to(name), 404, "webhook_not_found")


@pytest.mark.parametrize("name", OF_ONE)
def test_a_webhook_of_somebody_else_answers_as_one_that_is_not_there(store: Deployment, name: str) -> None:
    created(store)
    before = store.contents()

    foreign = called(store, from_owner(event(name), "bob"))

    assert_refused(foreign, 404, "webhook_not_found")
    assert foreign.json == called(store, from_owner(_of_another_id(event(name)), "bob")).json
    assert store.contents() == before
    assert called(store, from_owner(event("webhooks/list"), "bob")).json == {"items": []}


def _of_another_id(sent: dict[str, Any]) -> dict[str, Any]:
    other = deepcopy(sent)
    other["pathParameters"]["webhook_id"] = "f" * 16
    other["rawPath"] = other["rawPath"].replace(HOOK, "f" * 16)
    other["requestContext"]["http"]["path"] = other["rawPath"]
    return other


def test_requests_to_one_webhook_are_sent_to_each_of_its_routes() -> None:
    paths = {
        path.replace("<webhook_id>", HOOK)
        for function, _, path in routes()
        if function == "webhooks" and "<webhook_id>" in path
    }

    assert {event(name)["rawPath"] for name in OF_ONE} == paths


def test_the_address_of_the_event_is_refused_too(store: Deployment) -> None:
    assert_refused(store.answer_to("webhooks/create-at-private-address"), 422, "url_not_allowed")


# Scope all -------------------------------------------------------------------------------------------------


def test_only_an_admin_makes_a_webhook_for_all_owners(store: Deployment) -> None:
    assert_refused(store.answer_to("webhooks/create-without-scope"), 403, "admin_required")
    assert store.is_empty()

    assert created(store, "webhooks/create-for-all-owners")["scope"] == "all"


@pytest.mark.parametrize("name", sorted({*OF_ONE, "webhooks/list"} - {"webhooks/see", "webhooks/delete"}))
def test_an_owner_who_is_no_admin_any_more_can_only_see_and_delete_it(store: Deployment, name: str) -> None:
    created(store, "webhooks/create-for-all-owners")
    before = store.contents()

    if name == "webhooks/list":
        assert [each["id"] for each in store.answer_to(name).json["items"]] == [HOOK]
    else:
        assert_refused(store.answer_to(name), 403, "admin_required")
    assert store.contents() == before
    assert store.answer_to("webhooks/see").status == 200
    assert store.answer_to("webhooks/delete").status == 204


def test_an_admin_uses_a_webhook_for_all_owners(store: Deployment) -> None:
    created(store, "webhooks/create-for-all-owners")

    statuses = {name: called(store, as_admin(event(name))).status for name in OF_ONE if "delete" not in name}

    assert statuses == {
        "webhooks/see": 200,
        "webhooks/change": 200,
        "webhooks/test": 202,
        "webhooks/deliveries": 200,
        "webhooks/replay-event": 404,
        "webhooks/replay-failed": 202,
        "webhooks/rotate": 200,
    }


@pytest.mark.parametrize("name", sorted({*OF_ONE, "webhooks/list", "webhooks/create"}))
def test_a_key_that_may_only_read_reads_alone(store: Deployment, name: str) -> None:
    created(store)
    before = store.contents()

    answer = called(store, with_key(event(name), Scope.READ_IMAGES))

    if event(name)["requestContext"]["http"]["method"] == "GET":
        assert answer.status == 200
    else:
        assert_refused(answer, 403, "scope_required")
    assert store.contents() == before


def test_a_key_that_may_write_manages_webhooks_of_its_owner(store: Deployment) -> None:
    answer = called(store, with_key(event("webhooks/create"), Scope.WRITE_IMAGES))

    assert (answer.status, answer.json["created_by"]) == (201, "key:k")


# Secrets ---------------------------------------------------------------------------------------------------


def rotated(store: Deployment, name: str = "webhooks/rotate") -> Answer:
    assert isinstance(store.ports.ids, CountedIds)
    store.ports.ids.number += 1_000  # counted secrets that follow one another can have the same 32 bytes
    answer = store.answer_to(name)
    assert answer.status == 200, answer.text
    return answer


def secrets_in_force(store: Deployment) -> list[str]:
    with store.gate.at_work("deliver"):
        webhook = store.ports.webhooks.get(HOOK)
        assert webhook is not None
        context = secret_context("alice", HOOK)
        sealed = webhook.sealed_secrets(store.set_clock.now())
        return [store.cipher.open(each, context=context) for each in sealed]


def test_both_secrets_sign_during_the_overlap_of_a_rotation(store: Deployment) -> None:
    old = created(store)["secret"]

    answer = rotated(store)

    new = answer.json["secret"]
    assert new != old
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.json["previous_secret_until"] == "2026-03-02T12:00:00.000Z"
    assert secrets_in_force(store) == [new, old]
    store.set_clock.instant += DAY
    assert secrets_in_force(store) == [new]
    assert store.answer_to("webhooks/see").json["previous_secret_until"] is None


def test_a_rotation_can_end_the_old_secret_at_once(store: Deployment) -> None:
    created(store)

    answer = rotated(store, "webhooks/rotate-at-once")

    assert answer.json["previous_secret_until"] is None
    assert secrets_in_force(store) == [answer.json["secret"]]


def test_a_second_rotation_ends_the_secret_before_the_last_one(store: Deployment) -> None:
    created(store)
    second = rotated(store).json["secret"]

    third = rotated(store).json["secret"]

    assert secrets_in_force(store) == [third, second]


def test_without_kms_nothing_is_created_and_no_secret_changes(
    store: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    created(store)
    before = store.contents()
    monkeypatch.setattr(store, "kms_client", InterceptedClient(every=never_send))

    assert_refused(store.answer_to("webhooks/create"), 503, "storage_unavailable")
    assert_refused(store.answer_to("webhooks/rotate"), 503, "storage_unavailable")
    assert store.contents() == before
