"""The function of imports, the work that carries them on, and the addresses that lead here from another store."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.functions.aws_texts import SecretsClient
from tests.functions.deployment import (
    API,
    IMAGE_ID,
    Context,
    Deployment,
    assert_refused,
    event,
    sent_bytes,
)
from tests.importing.servers import S3Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.loopback

PICTURE = sent_bytes("upload/raw")
WORK_TIME = Context(remaining=timedelta(seconds=110))
FILES = {"a.png": PICTURE, "b/c.png": PICTURE, "notes.png": b"no picture", "d.jpg": PICTURE, "e.png": PICTURE}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    with S3Server(dict(FILES)) as server:
        described = {
            "kind": "s3",
            "endpoint": server.url,
            "region": "auto",
            "bucket": "old",
            "access_key_id": server.access_key,
            "secret_access_key": server.secret,
            "public_url": "https://old.example.com",
        }
        monkeypatch.setattr("tests.functions.aws_texts.IMPORT_SOURCES", {"old": described})
        yield server


@pytest.fixture
def store(deployed: Callable[..., Deployment]) -> Deployment:
    return deployed(REMOTE_NETWORKS="127.0.0.0/8")


def work_off(store: Deployment) -> None:
    """Do all work there is, as SQS hands it over; twice each, as SQS may."""
    while store.handed_over.waiting:
        store.set_clock.instant += store.handed_over.delays.pop(0) + timedelta(seconds=1)
        work = store.handed_over.waiting.pop(0)
        sent = event("work/import-step")
        sent["Records"][0]["body"] = json.dumps({"work": type(work).__name__, **asdict(work)})
        for _ in range(2):
            assert store.invoke("work", sent, context=WORK_TIME) == {"batchItemFailures": []}


def moved(path: str) -> dict[str, Any]:
    """The request for an old address."""
    sent = event("links/moved")
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = f"/m/{path}"
    sent["pathParameters"] = {"path": path}
    return sent


def test_an_import_is_accepted_and_carried_on_in_the_background(store: Deployment, server: S3Server) -> None:
    begun = store.answer_to("imports/begin")
    work_off(store)
    done = store.answer_to("imports/progress")

    assert (begun.status, begun.json["status"], begun.json["source"]) == (202, "queued", "old")
    assert begun.headers["Location"] == f"{API}/v1/admin/imports/{IMAGE_ID}"
    assert (done.status, done.json["status"]) == (200, "succeeded")
    progress = done.json["progress"]
    assert (progress["listed"], progress["stored"], progress["failed"]) == (5, 3, 2)
    assert [(fault["source_id"], fault["code"]) for fault in done.json["errors"]] == [
        ("old/d.jpg", "content_type_mismatch"),
        ("old/notes.png", "unsupported_media_type"),
    ]
    assert done.json["estimate"] is None


def test_the_map_has_each_image_of_the_source(store: Deployment, server: S3Server) -> None:
    store.answer_to("imports/begin")
    work_off(store)

    first = store.answer_to("imports/records").json
    sent = event("imports/records")
    sent["rawQueryString"] = f"limit=1000&cursor={first['next_cursor']}"
    rest = store.call(sent, function="imports").json

    by_id = {record["source_id"]: record for record in (*first["items"], *rest["items"])}
    assert by_id.keys() == {f"old/{name}" for name in FILES}
    assert by_id["old/notes.png"]["image_id"] is None
    assert by_id["old/notes.png"]["error"]["code"] == "unsupported_media_type"
    assert by_id["old/b/c.png"]["source_url"] == "https://old.example.com/b/c.png"
    (image,) = [
        item
        for item in store.answer_to("list/newest").json["items"]
        if item["id"] == by_id["old/b/c.png"]["image_id"]
    ]
    assert image["created_at"] == "2019-05-06T07:08:09.000Z"


def test_an_old_address_leads_to_the_published_image_and_to_nothing_else(
    store: Deployment, server: S3Server
) -> None:
    store.answer_to("imports/begin")
    work_off(store)

    answer = store.call(moved("b/c.png"), function="links")
    head = moved("b/c.png")
    head["requestContext"]["http"]["method"] = "HEAD"
    head["routeKey"] = "HEAD /m/{path+}"
    unknown = store.call(moved("b"), function="links")

    assert answer.status == 302
    assert answer.headers["Location"].startswith("https://")
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert store.call(head, function="links").status == 302
    assert_refused(unknown, 404, "image_not_found")
    for path in ("", "/", "%00", "a" * 5_000, "%ff", "b/c.png/", "b%2Fc.png%"):
        assert store.call(moved(path), function="links").status == 404


def test_a_private_image_and_one_in_the_trash_have_no_old_address(
    store: Deployment, server: S3Server
) -> None:
    store.answer_to("imports/begin")
    work_off(store)
    cards = store.answer_to("list/newest").json["items"]
    for card in cards:
        sent = event("delete/trash")
        text = json.dumps(sent).replace(sent["pathParameters"]["image_id"], card["id"])
        store.call(json.loads(text), function="delete")

    assert_refused(store.call(moved("b/c.png"), function="links"), 404, "image_not_found")


@pytest.mark.parametrize("length", [3_000, 500_000], ids=["id", "row"])
def test_a_list_with_an_endless_key_ends_the_import(store: Deployment, server: S3Server, length: int) -> None:
    """A row of DynamoDB has 400 KB: the step would fail for ever."""
    server.files = {"a" * length: PICTURE}
    begun = store.answer_to("imports/begin").json

    work_off(store)

    done = store.answer_to("imports/progress").json
    assert (done["id"], done["status"]) == (begun["id"], "failed")
    assert "longer than that of any store" in done["errors"][0]["detail"]


def test_a_dry_run_estimates_and_stores_nothing(store: Deployment, server: S3Server) -> None:
    store.answer_to("imports/dry-run")
    work_off(store)

    done = store.answer_to("imports/progress").json

    assert (done["status"], done["progress"]["stored"]) == ("succeeded", 5)
    assert done["estimate"]["once_usd"] > 0
    assert store.answer_to("list/newest").json["items"] == []


def test_a_cancelled_import_does_nothing_more(store: Deployment, server: S3Server) -> None:
    store.answer_to("imports/begin")

    cancelled = store.answer_to("imports/cancel")
    work_off(store)

    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    assert store.answer_to("imports/cancel").json == cancelled.json
    assert not server.heard


@pytest.mark.parametrize("secret", ["", "image-store/imports"])
def test_an_import_without_its_source_says_so(deployed: Callable[..., Deployment], secret: str) -> None:
    store = deployed(IMPORT_SECRET=secret)

    begun = store.answer_to("imports/begin")

    if not secret:
        assert_refused(begun, 400, "invalid_request")
        assert "ImportSecretName" in begun.text
        return
    work_off(store)
    assert store.answer_to("imports/progress").json["errors"][0]["code"] == "source_unreadable"


def test_a_secret_with_two_sources_of_one_name_is_refused(
    store: Deployment, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = SecretsClient.get_secret_value

    def twice(client: SecretsClient, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        secret = read(client, SecretId=SecretId)
        text = secret["SecretString"]
        return {"SecretString": f"{text[:-1]}, {text[1:]}"} if SecretId == "image-store/imports" else secret

    monkeypatch.setattr(SecretsClient, "get_secret_value", twice)

    store.answer_to("imports/begin")
    work_off(store)

    (error,) = store.answer_to("imports/progress").json["errors"]
    assert (error["code"], "twice" in error["detail"]) == ("source_unreadable", True)
    assert not server.heard


@pytest.mark.parametrize(
    "name",
    [
        "imports/unknown-field",
        "imports/source-with-a-slash",
        "imports/without-owner",
        "imports/twenty-groups",
    ],
)
def test_a_wrong_request_is_refused_and_leaves_nothing(store: Deployment, name: str) -> None:
    assert_refused(store.answer_to(name), 400, "invalid_request")
    assert store.is_empty()
    assert not store.handed_over.waiting


def test_a_caller_without_the_admin_scope_is_refused_and_nothing_happens(store: Deployment) -> None:
    for name in ("imports/begin-without-scope", "imports/progress-without-scope"):
        assert_refused(store.answer_to(name), 403, "admin_required")
    cancel = deepcopy(event("imports/cancel"))
    cancel["requestContext"]["authorizer"]["lambda"]["scopes"] = "images:read images:write"
    assert_refused(store.call(cancel, function="imports"), 403, "admin_required")

    assert store.is_empty()
    assert not store.handed_over.waiting


def test_an_unknown_import_is_not_found(store: Deployment) -> None:
    assert_refused(store.answer_to("imports/progress-of-unknown"), 404, "import_not_found")
    assert_refused(store.answer_to("imports/cancel"), 404, "import_not_found")


def test_the_message_of_the_queue_is_the_work_that_is_sent(store: Deployment, server: S3Server) -> None:
    store.answer_to("imports/begin")

    (work,) = store.handed_over.waiting

    assert json.loads(event("work/import-step")["Records"][0]["body"]) == {
        "work": "ImportStep",
        **asdict(work),
    }
