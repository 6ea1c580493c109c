"""The function of migrations, and the work that carries them on (A16)."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.bootstrap import use
from tests.fakes.dynamodb import mocked_client
from tests.functions.deployment import (
    API,
    IMAGE_ID,
    Context,
    Deployment,
    assert_refused,
    event,
    sent_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE = sent_bytes("upload/raw")
BASE64 = base64.b64encode(PICTURE).decode()
DATA_URI = f"data:image/png;base64,{BASE64}"
FOLDER = "migrations/pictures/"
WORK_TIME = Context(remaining=timedelta(seconds=110))

REFUSED = {
    "migrate/two-sources": "source",
    "migrate/no-source": "source",
    "migrate/outside-migrations": "folder",
    "migrate/folder-without-owner": "owner",
    "migrate/write-back-to-folder": "table",
    "migrate/batch-of-51": "batch_size",
    "migrate/begin-table": "MigrationTable",
}


def put(store: Deployment, key: str, data: bytes) -> None:
    """Put an object into the ingest bucket."""
    store.dropped.put(key, data, content_type="text/plain", cache_control="", metadata={})


def message_of(work: Any) -> dict[str, Any]:
    """The event that hands work over."""
    sent = event("work/migrate-batch")
    sent["Records"][0]["body"] = json.dumps({"work": type(work).__name__, **asdict(work)})
    return sent


def work_off(store: Deployment) -> None:
    """Do all work there is, as SQS hands it over."""
    while store.handed_over.waiting:
        store.set_clock.instant += timedelta(seconds=1)
        sent = message_of(store.handed_over.waiting.pop(0))
        assert store.invoke("work", sent, context=WORK_TIME) == {"batchItemFailures": []}


def table_of(store: Deployment, *items: dict[str, Any]) -> None:
    """The table that the deployment lets migrations read."""
    store.client.create_table(
        TableName="messages",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for item in items:
        store.client.put_item(TableName="messages", Item=item)


def test_a_migration_is_accepted_and_carried_on_in_the_background(store: Deployment) -> None:
    for name, data in (("a/one.png", PICTURE), ("two.txt", BASE64.encode()), ("three.txt", b"!")):
        put(store, FOLDER + name, data)

    begun = store.answer_to("migrate/begin-folder")
    work_off(store)
    done = store.answer_to("migrate/progress")

    assert (begun.status, begun.headers["Cache-Control"]) == (202, "no-store")
    assert begun.headers["Location"] == f"{API}/v1/admin/migrations/{IMAGE_ID}"
    assert begun.json["status"] == "queued"
    assert begun.json["source"] == {"folder": FOLDER}
    nothing = {"total": None, "moved": 0, "already_moved": 0, "left": None, "failed": 0}
    assert begun.json["progress"] == nothing
    assert (done.status, done.json["status"]) == (200, "succeeded")
    assert done.json["progress"] == {"total": 3, "moved": 2, "already_moved": 0, "left": 0, "failed": 1}
    (error,) = done.json["errors"]
    assert (error["record"], error["code"]) == (f"{FOLDER}three.txt", "invalid_request")
    assert done.json["created_at"] == begun.json["created_at"]
    assert done.json["finished_at"] == done.json["updated_at"]


def test_the_message_of_the_queue_is_the_work_that_is_sent(store: Deployment) -> None:
    store.answer_to("migrate/begin-folder")

    (work,) = store.handed_over.waiting

    assert json.loads(event("work/migrate-batch")["Records"][0]["body"]) == {
        "work": "MigrateBatch",
        **asdict(work),
    }
    assert store.invoke("work", event("work/migrate-batch")) == {"batchItemFailures": []}


def test_json_lines_become_images_of_their_owners(store: Deployment) -> None:
    line = {"id": "r1", "owner": "alice", "picture": DATA_URI, "attributes": {"title": "Квадраты"}}
    put(store, "migrations/old.jsonl", json.dumps(line).encode())

    store.answer_to("migrate/begin-jsonl")
    before = store.answer_to("migrate/content-of-jsonl")
    work_off(store)
    after = store.answer_to("migrate/content-of-jsonl")

    assert_refused(before, 400, "invalid_request")
    assert after.status == 302
    (card,) = store.answer_to("list/newest").json["items"]
    assert (card["alt_text"], card["size_bytes"]) == ("Квадраты", len(PICTURE))


def test_records_are_listed_with_their_images_page_by_page(store: Deployment) -> None:
    for number in range(3):
        put(store, f"{FOLDER}{number}.png", PICTURE + bytes([number]))
    store.answer_to("migrate/begin-folder")
    work_off(store)

    first = store.answer_to("migrate/records").json
    sent = event("migrate/records")
    sent["rawQueryString"] = f"limit=2&cursor={first['next_cursor']}"
    second = json.loads(store.invoke("migrate", sent)["body"])

    items = [*first["items"], *second["items"]]
    assert (len(first["items"]), second["next_cursor"]) == (2, None)
    assert {item["record_id"] for item in items} == {f"{FOLDER}{number}.png" for number in range(3)}
    cards = store.answer_to("list/newest").json["items"]
    assert {item["image_id"] for item in items} == {card["id"] for card in cards}


def test_an_invalid_cursor_is_refused(store: Deployment) -> None:
    store.answer_to("migrate/one-record")
    sent = event("migrate/records")
    sent["rawQueryString"] = "cursor=nonsense"

    answer = store.invoke("migrate", sent)

    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (400, "invalid_cursor")


def test_one_record_is_moved_within_the_request(store: Deployment) -> None:
    answer = store.answer_to("migrate/one-record")

    assert (answer.status, answer.json["status"]) == (202, "succeeded")
    assert answer.json["source"] == {"record": {"id": "message 7"}}
    assert answer.json["progress"]["moved"] == 1
    assert store.answer_to("migrate/progress").json == answer.json
    assert len(store.answer_to("list/newest").json["items"]) == 1
    assert not store.handed_over.waiting


def test_one_record_that_is_bad_is_reported_without_its_picture(store: Deployment) -> None:
    answer = store.answer_to("migrate/one-bad-record")

    assert (answer.status, answer.json["progress"]["failed"]) == (202, 1)
    assert answer.json["errors"][0]["code"] == "unsupported_media_type"
    assert "bm8gcGljdHVyZQ" not in answer.text
    assert not store.private_bucket.objects


def test_a_record_shows_its_picture_until_it_is_moved_and_leads_to_its_image_then(store: Deployment) -> None:
    put(store, f"{FOLDER}a/one.png", DATA_URI.encode())
    store.answer_to("migrate/begin-folder")

    before = store.invoke("migrate", event("migrate/content"))
    work_off(store)
    after = store.answer_to("migrate/content")

    assert (before["statusCode"], before["isBase64Encoded"]) == (200, True)
    assert base64.b64decode(before["body"]) == PICTURE
    assert before["headers"]["Content-Type"] == "image/png"
    assert before["headers"]["X-Content-Type-Options"] == "nosniff"
    assert before["headers"]["Cache-Control"] == "private, no-store"
    assert after.status == 302
    assert after.headers["Location"].startswith("https://private.invalid/images/")


def test_a_picture_that_no_answer_can_hold_waits_until_it_is_moved(store: Deployment) -> None:
    put(store, f"{FOLDER}a/one.png", PICTURE + b"\0" * 4_700_000)
    store.answer_to("migrate/begin-folder")

    assert_refused(store.answer_to("migrate/content"), 413, "payload_too_large")


def test_a_record_that_is_not_there_is_not_found(store: Deployment) -> None:
    store.answer_to("migrate/begin-folder")

    assert_refused(store.answer_to("migrate/content"), 404, "image_not_found")
    assert_refused(store.answer_to("migrate/content-without-record"), 400, "invalid_request")


@pytest.fixture
def on_moto() -> Iterator[Deployment]:
    """A deployment whose DynamoDB also holds tables with other keys than the store's own."""
    with mocked_client() as client:
        yield Deployment(client, MIGRATION_TABLE="messages")
    use(None)


def test_a_table_named_by_the_deployment_is_migrated_and_gets_the_ids(on_moto: Deployment) -> None:
    store = on_moto
    table_of(store, {"id": {"S": "m1"}, "owner": {"S": "alice"}, "photo": {"S": BASE64}})
    store.answer_to("migrate/begin-table")

    before = store.invoke("migrate", event("migrate/content-of-table-record"))
    work_off(store)

    done = store.answer_to("migrate/progress").json
    assert (done["status"], done["progress"]["moved"]) == ("succeeded", 1)
    assert done["source"] == {"table": {"name": "messages", "attribute": "photo", "id_attribute": None}}
    assert base64.b64decode(before["body"]) == PICTURE
    (item,) = store.client.scan(TableName="messages")["Items"]
    (card,) = store.answer_to("list/newest").json["items"]
    assert item["photo_image_id"] == {"S": card["id"]}
    assert item["photo"] == {"S": BASE64}
    assert store.answer_to("migrate/content-of-table-record").status == 302


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_migrated_is_refused_and_leaves_nothing(store: Deployment, name: str) -> None:
    answer = store.answer_to(name)

    assert_refused(answer, 400, "invalid_request")
    assert REFUSED[name] in answer.text
    assert store.is_empty()
    assert not store.handed_over.waiting


def test_a_caller_without_the_admin_scope_is_refused_and_nothing_happens(store: Deployment) -> None:
    put(store, f"{FOLDER}a/one.png", PICTURE)
    store.answer_to("migrate/begin-folder")
    before, waiting = store.contents(), list(store.handed_over.waiting)

    for name in (
        "migrate/begin-without-scope",
        "migrate/progress-without-scope",
        "migrate/content-without-scope",
    ):
        assert_refused(store.answer_to(name), 403, "admin_required")

    assert (store.contents(), store.handed_over.waiting) == (before, waiting)


def test_an_unknown_migration_is_not_found(store: Deployment) -> None:
    assert_refused(store.answer_to("migrate/progress-of-unknown"), 404, "migration_not_found")
