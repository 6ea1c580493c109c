"""The function that writes down who changed which image (F4)."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.callers.api_keys import parse_key, secret_digest
from image_store.domain.callers.caller import key_holder, token_holder
from image_store.domain.callers.scopes import Scope
from image_store.domain.deadlines import TOMBSTONE_GRACE
from image_store.entrypoints.callers.verdicts import verdict_of
from tests.fakes.stream import Streaming
from tests.functions.deployment import (
    IMAGE_ID,
    Context,
    Deployment,
    event,
    from_owner,
    sent_bytes,
    with_headers,
)

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST = "aBcDeFgHiJkLmNo="
INVOCATION = Context().aws_request_id
ALL_DONE: dict[str, list[dict[str, str]]] = {"batchItemFailures": []}


@pytest.fixture
def store(deployed: Callable[..., Deployment]) -> Deployment:
    deployment = deployed(PROVIDERS="google", PROVIDERS_SECRET="image-store/providers")
    deployment.client = Streaming(deployment.client, at=deployment.set_clock.instant.timestamp())
    return deployment


@pytest.fixture
def trail(store: Deployment, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[dict[str, Any]]]:
    """Has the function written down what was changed since the last time, or what an event tells."""

    def written(changes: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
        records = store.client.told if changes is None else changes
        capsys.readouterr()
        assert store.invoke("audit", {"Records": records}) == ALL_DONE
        if changes is None:
            store.client.told = []
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return written


def audit_lines(lines: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """What happened, by whom and in which request."""
    return [(" ".join(line["audit"]), line["by"], line["request_id"]) for line in lines]


def test_the_life_of_an_image_is_written_down(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    of_alice = ("subject:alice", REQUEST)
    of_cleanup = ("function:cleanup", INVOCATION)

    for name in ("upload/raw", "update/details", "update/published", "update/made-private"):
        store.answer_to(name)
    for name in ("delete/trash", "delete/restore", "delete/permanent"):
        store.answer_to(name)
    store.set_clock.instant += TOMBSTONE_GRACE + timedelta(days=1)
    store.invoke("cleanup", event("cleanup/schedule"))

    lines = trail()
    assert audit_lines(lines) == [
        ("reserved", *of_alice),
        ("stored", *of_alice),
        ("edited", *of_alice),
        ("publishing", *of_alice),
        ("published", *of_alice),
        ("unpublished", *of_alice),
        ("trashed", *of_alice),
        ("restored", *of_alice),
        ("deleting", *of_alice),
        ("deleted", *of_alice),
        ("forgotten", None, None),
    ]
    assert of_cleanup not in {(line["by"], line["request_id"]) for line in lines}
    assert {line["image_id"] for line in lines} == {IMAGE_ID}
    assert [line["version"] for line in lines[:3]] == [1, 2, 3]


def test_a_line_says_who_what_when_and_of_which_image(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    store.answer_to("upload/raw")

    line = trail()[-1]

    assert line == {
        "audit": ["stored"],
        "time": "2026-03-01T12:00:00.000Z",
        "image_id": IMAGE_ID,
        "owner": "alice",
        "by": "subject:alice",
        "request_id": REQUEST,
        "state": "ready",
        "visibility": "private",
        "kind": "upload",
        "version": 2,
        "size_bytes": len(sent_bytes("upload/raw")),
        "event_id": f"{2:032x}",
    }


def test_an_admin_is_named_where_the_admin_acts_and_the_owner_where_the_owner_does(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    store.call(from_owner(event("upload/raw"), "bob"), function="upload")
    store.call(from_owner(event("delete/trash"), "bob"), function="delete")
    store.set_clock.instant += timedelta(days=8)
    store.answer_to("admin/cleanup")

    assert [(line["owner"], line["by"]) for line in trail()] == [
        *[("bob", "subject:bob")] * 3,
        *[("bob", "subject:alice")] * 2,
    ]


def test_a_function_that_nobody_called_names_itself_and_its_invocation(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    store.dropped.put(
        "ingest/alice/squares.png",
        sent_bytes("upload/raw"),
        content_type="image/png",
        cache_control="",
        metadata={},
    )
    store.invoke("ingest", event("ingest/one-object"))
    assert audit_lines(trail()) == [(what, "function:ingest", INVOCATION) for what in ("reserved", "stored")]

    store.invoke("render", event("render/rendition"))
    store.invoke("render", event("render/transform"))
    assert audit_lines(trail()) == [
        (what, "function:render", INVOCATION) for what in ("renditions_added", "transform_added")
    ]

    store.answer_to("delete/trash")
    store.set_clock.instant += timedelta(days=8)
    trail()
    store.invoke("cleanup", event("cleanup/schedule"))
    assert audit_lines(trail()) == [
        (what, "function:cleanup", INVOCATION) for what in ("deleting", "deleted")
    ]


def test_a_direct_upload_names_its_owner_and_then_the_function_that_finished_it(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    store.answer_to("direct/begin")
    image = store.repository.get_record(IMAGE_ID)
    assert image is not None
    assert image.staging_key is not None
    store.private_bucket.put(
        image.staging_key, sent_bytes("upload/raw"), content_type="image/png", cache_control="", metadata={}
    )
    no_time = Context(remaining=timedelta(seconds=4))
    store.call(event("direct/complete"), function="direct", context=no_time)
    store.invoke("work", event("work/complete-upload"))

    assert audit_lines(trail()) == [
        ("reserved", "subject:alice", REQUEST),
        ("upload_advanced", "subject:alice", REQUEST),
        ("upload_advanced", "function:work", INVOCATION),
        ("stored", "function:work", INVOCATION),
    ]


def test_a_batch_names_its_caller_from_every_thread(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    store.call(from_owner(event("upload/batch"), "bob"), function="upload")

    lines = trail()
    assert len(lines) >= 4
    assert {(line["by"], line["request_id"]) for line in lines} == {("subject:bob", REQUEST)}


def test_generated_images_name_the_function_that_stored_them_and_nothing_of_their_prompt(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    sent = event("generations/begin")
    store.call(sent, function="generations")
    while store.to_generate.waiting:
        work = store.to_generate.waiting.pop(0)
        message = event("generate/one-image")
        message["Records"][0]["body"] = json.dumps({"work": type(work).__name__, **asdict(work)})
        store.invoke("generate", message, context=Context(remaining=timedelta(seconds=300)))

    lines = trail()
    assert {line["by"] for line in lines} == {"function:generate"}
    assert [line["kind"] for line in lines] == ["generated"] * len(lines)
    text = json.dumps(lines)
    for item in json.loads(sent["body"])["items"]:
        assert item["prompt"] not in text


def test_changes_are_audited_in_the_order_of_the_stream(trail: Callable[..., list[dict[str, Any]]]) -> None:
    """Twice if the stream says them twice, with the same `event_id`."""
    records = event("audit/changes")["Records"]

    lines = trail([*records, *records])

    assert [line["audit"] for line in lines] == [["reserved"], ["stored"]] * 2
    assert [line["event_id"] for line in lines[:2]] == [line["event_id"] for line in lines[2:]]


def test_rows_of_other_kinds_are_passed_over(trail: Callable[..., list[dict[str, Any]]]) -> None:
    assert trail(event("audit/other-rows")["Records"]) == []


def test_the_end_of_a_record_is_audited_even_if_the_store_did_not_cause_it(
    trail: Callable[..., list[dict[str, Any]]],
) -> None:
    records = event("audit/removed")["Records"]

    (line,) = trail(records)

    assert (line["audit"], line["state"], line["by"]) == (["record_lost"], None, None)


def test_an_unreadable_row_is_reported_without_its_content(
    store: Deployment, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    sent = event("audit/unreadable")

    answer = store.invoke("audit", sent)

    first, second = (record["dynamodb"]["SequenceNumber"] for record in sent["Records"])
    assert answer == {"batchItemFailures": [{"itemIdentifier": second}]}
    assert first != second
    assert [json.loads(line)["audit"] for line in capsys.readouterr().out.splitlines()[:1]] == [["reserved"]]
    assert caplog.records[-1].getMessage() == "audit line not written"
    assert "the title of a book" not in caplog.text


def test_the_life_of_an_api_key_is_written_down_and_nothing_of_its_secret(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    texts = [store.answer_to("keys/create").json["key"]]
    used = event("authorize/api-key")
    used["headers"]["authorization"] = f"Bearer {texts[0]}"
    assert store.invoke("authorize", used)["context"]["owner"] == "alice"
    store.answer_to("keys/change")
    texts.append(store.answer_to("keys/rotate").json["key"])
    store.answer_to("keys/revoke")

    lines = trail()

    of_alice = ("subject:alice", REQUEST)
    assert audit_lines(lines) == [
        ("key_created", *of_alice),
        ("key_changed", *of_alice),
        ("key_rotated", *of_alice),
        ("key_revoked", *of_alice),
    ]
    assert lines[0] == {
        "audit": ["key_created"],
        "time": "2026-03-01T12:00:00.000Z",
        "key_id": "0000000000000002",
        "owner": "alice",
        "by": "subject:alice",
        "request_id": REQUEST,
        "scopes": ["images:read", "images:write"],
        "limits": {},
        "expires_at": "2027-03-01T12:00:00.000Z",
        "version": 1,
        "event_id": lines[0]["event_id"],
    }
    assert "before" not in lines[2]
    assert lines[1]["before"] == {name: lines[0][name] for name in ("scopes", "limits", "expires_at")}
    for text in texts:
        secret = parse_key(text)[1]
        assert secret not in json.dumps(lines)
        assert secret_digest(secret) not in json.dumps(lines)
    assert "nightly job" not in json.dumps(lines)


def test_a_change_of_limits_is_written_down_with_the_limits_before(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    store.answer_to("keys/create")
    store.answer_to("keys/limit")

    _, changed = trail()

    assert changed["limits"] == {"requests_per_minute": 600}
    assert changed["before"]["limits"] == {}


def test_the_end_of_an_api_key_is_written_down(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    store.answer_to("keys/create")
    store.answer_to("keys/revoke")
    created, revoked = deepcopy(store.client.told)
    trail()
    for record in (created, revoked):
        record["eventName"] = "REMOVE"
        record["dynamodb"]["OldImage"] = record["dynamodb"].pop("NewImage")

    lines = trail([created, revoked])

    assert [line["audit"] for line in lines] == [["key_lost"], ["key_forgotten"]]
    assert [line["by"] for line in lines] == [None, None]


def test_a_change_made_with_a_key_names_the_key_and_the_owner(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    holder = key_holder("00000000000000aa", owner="backend", scopes=set(Scope))
    for name in ("upload/raw", "update/details", "delete/trash"):
        sent = with_headers(event(name), image_store_owner="bob")
        sent["requestContext"]["authorizer"]["lambda"] = verdict_of(holder)
        store.call(sent, function=name.partition("/")[0])

    lines = trail()

    assert [" ".join(line["audit"]) for line in lines] == ["reserved", "stored", "edited", "trashed"]
    assert {(line["owner"], line["by"]) for line in lines} == {("bob", "key:00000000000000aa")}


def test_a_use_of_a_share_is_noted_in_its_row_and_not_in_the_trail(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    store.answer_to("upload/raw")
    store.answer_to("share/share-image")
    trail()

    assert store.call(event("links/shared-thumb"), function="links").status == 302

    assert store.answer_to("share/list-shares").json["items"][0]["last_used_at"] == "2026-03-01T12:00:00.000Z"
    assert trail() == []


def test_the_life_of_a_share_is_written_down_without_its_address(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    store.answer_to("upload/raw")
    trail()
    address = store.answer_to("share/share-image").json["url_prefix"]
    store.answer_to("share/share-group")
    store.answer_to("share/revoke-share")
    created, _, revoked = deepcopy(store.client.told)
    lines = trail()
    for record in (created, revoked):
        record["eventName"] = "REMOVE"
        record["dynamodb"]["OldImage"] = record["dynamodb"].pop("NewImage")

    ends = trail([created, revoked])

    by_alice = ("subject:alice", REQUEST)
    assert audit_lines(lines) == [
        ("share_created", *by_alice),
        ("share_created", *by_alice),
        ("share_revoked", *by_alice),
    ]
    assert lines[0] == {
        "audit": ["share_created"],
        "time": "2026-03-01T12:00:00.000Z",
        "share_id": "0000000000000005",
        "owner": "alice",
        "by": "subject:alice",
        "request_id": REQUEST,
        "shows": "image",
        "image_id": IMAGE_ID,
        "expires_at": "2026-03-02T12:00:00.000Z",
        "event_id": lines[0]["event_id"],
    }
    assert [line["audit"] for line in ends] == [["share_lost"], ["share_forgotten"]]
    for text in (address.rpartition(".")[2], "For Bob", "session:s1"):
        assert text not in json.dumps(lines + ends)


def test_the_life_of_a_webhook_is_written_down_without_its_address_and_secret(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    secret = store.answer_to("webhooks/create-for-some-types").json["secret"]
    for name in ("change", "disable", "enable", "rotate", "test", "delete"):
        assert store.answer_to(f"webhooks/{name}").status < 300, name
    changes = deepcopy([each for each in store.client.told if "NewImage" in each["dynamodb"]])
    lines = trail()
    created, *_, deleted = (each for each in changes if "WEBHOOK" in each["dynamodb"]["Keys"]["sk"]["S"])
    for record in (created, deleted):
        record["eventName"] = "REMOVE"
        record["dynamodb"]["OldImage"] = record["dynamodb"].pop("NewImage")

    ends = trail([created, deleted])

    by_alice = ("subject:alice", REQUEST)
    assert audit_lines(lines) == [
        ("webhook_created", *by_alice),
        ("webhook_changed", *by_alice),
        ("webhook_disabled", *by_alice),
        ("webhook_enabled", *by_alice),
        ("webhook_rotated", *by_alice),
        ("webhook_deleted", *by_alice),
    ]
    assert lines[2] == {
        "audit": ["webhook_disabled"],
        "time": "2026-03-01T12:00:00.000Z",
        "webhook_id": "0000000000000001",
        "owner": "alice",
        "by": "subject:alice",
        "request_id": REQUEST,
        "scope": "own",
        "types": ["image.created"],
        "disabled_reason": "by_owner",
        "version": 3,
        "event_id": lines[2]["event_id"],
    }
    assert [line["audit"] for line in ends] == [["webhook_lost"], ["webhook_forgotten"]]
    for text in (secret, "example.com", "mirror of images"):
        assert text not in json.dumps(lines + ends)


def test_the_life_of_an_upload_token_is_written_down_without_its_text(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    token = store.answer_to("keys/upload-token").json["token"]
    token_id, _, signature = token.removeprefix("iut_").partition(".")
    [created] = deepcopy(store.client.told)
    lines = trail()
    sent = event("upload/raw") | {"rawQueryString": "title=Me"}
    sent["requestContext"]["authorizer"]["lambda"] = verdict_of(token_holder(token_id, owner="alice"))
    store.call(sent, function="upload")
    uploads = trail()
    created["eventName"] = "REMOVE"
    created["dynamodb"]["OldImage"] = created["dynamodb"].pop("NewImage")
    early, late = created, deepcopy(created)
    late["dynamodb"]["ApproximateCreationDateTime"] += 3_600

    ends = trail([early, late])

    assert lines == [
        {
            "audit": ["upload_token_created"],
            "time": "2026-03-01T12:00:00.000Z",
            "upload_token_id": token_id,
            "owner": "alice",
            "by": "subject:alice",
            "request_id": REQUEST,
            "images": 0,
            "max_images": 2,
            "expires_at": "2026-03-01T12:10:00.000Z",
            "event_id": lines[0]["event_id"],
        }
    ]
    by_token = (f"upload_token:{token_id}", REQUEST)
    assert audit_lines(uploads) == [("reserved", *by_token), ("stored", *by_token)]
    assert [line["audit"] for line in ends] == [["upload_token_lost"], ["upload_token_forgotten"]]
    for text in (signature, "avatars", "user:u1"):
        assert text not in json.dumps(lines + uploads + ends)


def test_a_count_that_shrinks_or_another_change_of_a_token_was_made_outside(
    store: Deployment, trail: Callable[..., list[dict[str, Any]]]
) -> None:
    store.answer_to("keys/upload-token")
    [change] = deepcopy(store.client.told)
    change["eventName"] = "MODIFY"
    stream = change["dynamodb"]
    fewer, later = deepcopy(change), deepcopy(change)
    stream["OldImage"] = stream["NewImage"]
    fewer["dynamodb"]["OldImage"] = stream["NewImage"] | {"images": {"N": "1"}}
    text = stream["NewImage"]["token"]["S"].replace('"max_images":2', '"max_images":9')
    later["dynamodb"]["OldImage"] = stream["NewImage"] | {"token": {"S": text}}

    lines = trail([change, fewer, later])

    assert [line["audit"] for line in lines] == [["changed_outside"], ["changed_outside"]]
