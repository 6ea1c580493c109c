"""Pictures in somebody's records become images on the real stack (A16)."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

from tests.e2e import anyone
from tests.e2e.conftest import MIGRATION_TABLE
from tests.pictures import jpeg

if TYPE_CHECKING:
    import httpx

    from tests.e2e.conftest import Stack

DEADLINE_SECONDS = 60
POLL_SECONDS = 0.2
RECORDS = 23
"""Two full batches and a part of one."""


def data_uri(number: int) -> str:
    """Answer a picture of its own for each number."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg(64 + number, 48)).decode()


def put(stack: Stack, key: str, body: bytes) -> str:
    """Put an object into the ingest bucket and answer its key."""
    stack.client("s3").put_object(Bucket=stack.described["ingest_bucket"], Key=key, Body=body)
    return key


def begun(client: httpx.Client, source: dict[str, Any], **options: Any) -> str:
    """Begin a migration and answer its address."""
    answer = client.post("/v1/admin/migrations", json={"source": source, **options})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"].endswith(answer.json()["id"])
    return f"/v1/admin/migrations/{answer.json()['id']}"


def ended(client: httpx.Client, address: str) -> dict[str, Any]:
    """Wait until a migration is over and answer how it ended."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        seen: dict[str, Any] = client.get(address).json()
        if seen["status"] not in ("queued", "running"):
            return seen
        assert time.monotonic() < deadline, seen
        time.sleep(POLL_SECONDS)


def test_json_lines_become_images_once_and_a_bad_line_is_reported(stack: Stack) -> None:
    owner = "migration-lines"
    lines = [
        {"id": f"message {number}", "owner": owner, "image": data_uri(number)} for number in range(RECORDS)
    ]
    text = "\n".join([*map(json.dumps, lines), '{"id": "broken", "image": "?"}'])
    source = {"jsonl": put(stack, "migrations/messages.jsonl", text.encode())}
    with stack.admin() as client, stack.http(owner) as mine:
        first = ended(client, begun(client, source))
        again = ended(client, begun(client, source))

        assert first["status"] == "succeeded", first
        assert first["progress"] == {
            "total": RECORDS + 1,
            "moved": RECORDS,
            "already_moved": 0,
            "left": 0,
            "failed": 1,
        }
        (error,) = first["errors"]
        assert (error["record"], error["code"]) == (f"line {RECORDS + 1}", "invalid_request")
        assert (again["progress"]["moved"], again["progress"]["already_moved"]) == (0, RECORDS)
        assert len(mine.get("/v1/images", params={"limit": 100}).json()["items"]) == RECORDS
        (card,) = mine.get("/v1/images", params={"group": "record:message 7"}).json()["items"]
        shown = mine.get(f"/v1/images/{card['id']}/content", follow_redirects=True)
        assert shown.content == jpeg(64 + 7, 48)


def test_a_picture_of_a_folder_is_served_before_and_after_it_is_moved(stack: Stack) -> None:
    owner = "migration-folder"
    key = put(stack, "migrations/pictures/кот.txt", data_uri(1).encode())
    later = put(stack, "migrations/pictures/later.txt", b"")
    with stack.admin() as client:
        address = begun(client, {"folder": "migrations/pictures/"}, owner=owner)
        done = ended(client, address)
        put(stack, later, data_uri(2).encode())

        moved = client.get(f"{address}/content", params={"record": key})
        waiting = client.get(f"{address}/content", params={"record": later})

        assert (done["progress"]["moved"], done["progress"]["failed"]) == (1, 1)
        assert moved.status_code == 302
        assert anyone.get(moved.headers["location"]).content == jpeg(65, 48)
        assert (waiting.status_code, waiting.headers["content-type"]) == (200, "image/jpeg")
        assert waiting.content == jpeg(66, 48)


def test_a_table_is_migrated_and_gets_the_ids_of_its_images(stack: Stack) -> None:
    owner, table = "migration-table", stack.client("dynamodb")
    table.create_table(
        TableName=MIGRATION_TABLE,
        KeySchema=[{"AttributeName": "chat", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "chat", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    key = {"chat": {"S": "c1"}, "at": {"N": "7"}}
    table.put_item(TableName=MIGRATION_TABLE, Item={**key, "photo": {"S": data_uri(3)}, "user": {"S": owner}})
    table.put_item(TableName=MIGRATION_TABLE, Item={**key, "at": {"N": "8"}, "text": {"S": "no picture"}})
    source = {"table": {"name": MIGRATION_TABLE, "attribute": "photo"}}
    with stack.admin() as client, stack.http(owner) as mine:
        done = ended(client, begun(client, source, fields={"owner": "user"}, write_back=True))

        assert (done["status"], done["progress"]["moved"]) == ("succeeded", 1), done
        (card,) = mine.get("/v1/images").json()["items"]
        item = table.get_item(TableName=MIGRATION_TABLE, Key=key)["Item"]
        assert item["photo_image_id"] == {"S": card["id"]}
        assert item["photo"] == {"S": data_uri(3)}


def test_one_record_is_moved_at_once(stack: Stack) -> None:
    record = {"id": "m1", "owner": "migration-one", "image": data_uri(4)}
    with stack.admin() as client, stack.http("migration-one") as mine:
        answer = client.post("/v1/admin/migrations", json={"source": {"record": record}})

        assert (answer.status_code, answer.json()["progress"]["moved"]) == (202, 1)
        assert len(mine.get("/v1/images").json()["items"]) == 1


def test_a_caller_without_the_admin_scope_learns_and_moves_nothing(stack: Stack) -> None:
    source = {"jsonl": "migrations/messages.jsonl"}
    with stack.admin() as client, stack.http("migration-stranger") as stranger:
        address = begun(client, {"folder": "migrations/nothing/"}, owner="x")

        answers = [
            stranger.post("/v1/admin/migrations", json={"source": source}),
            stranger.get(address),
            stranger.get(f"{address}/content", params={"record": "migrations/nothing/a"}),
        ]

        assert [(one.status_code, one.json()["code"]) for one in answers] == [(403, "admin_required")] * 3
