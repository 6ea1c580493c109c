"""Drills on the real stack (F8): each runbook of docs/recovery.md, as printed, brings back what was lost.

A backup and a restore whose processes are killed are completed, and verified.
"""

from __future__ import annotations

import json
import re
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.ports import any_free_port
from tests.e2e.conftest import Stack
from tests.e2e.test_cleanup import keys_of
from tests.e2e.test_command_line import Terminal, terminal
from tests.e2e.test_crash import LONG_AGO, clean
from tests.fakes.dynamodb import all_items
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["terminal"]  # the fixture

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "recovery.md").read_text()
LIST_FIELDS = ("id", "visibility", "public_url", "filename", "created_at", "width", "height")
LONGEST_SECONDS = 60.0


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that may lose everything."""
    started = Stack(port=any_free_port(), state=tmp_path_factory.mktemp("lost"))
    started.start()
    yield started
    assert started.stop() == 0


def commands_of(heading: str) -> list[list[str]]:
    """The commands of a runbook."""
    section = re.search(rf"^### {re.escape(heading)}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section is not None
    blocks = re.findall(r"```sh\n(.*?)```", section[1], re.DOTALL)
    commands = [shlex.split(line, comments=True)[1:] for block in blocks for line in block.splitlines()]
    assert commands
    return commands


def carry_out(terminal: Terminal, heading: str) -> None:
    for command in commands_of(heading):
        terminal.run(*command)


def lose_table(stack: Stack) -> None:
    dynamo, table = stack.client("dynamodb"), stack.described["table"]
    # What the consumer of the stream writes about a row that goes is a part of the same loss.
    while rows := all_items(dynamo, table):
        for row in rows:
            dynamo.delete_item(TableName=table, Key={"pk": row["pk"], "sk": row["sk"]})
        time.sleep(2)


def lose_bucket(stack: Stack, bucket: str) -> None:
    storage, name = stack.client("s3"), stack.described[bucket]
    for entry in storage.list_objects_v2(Bucket=name).get("Contents", []):
        storage.delete_object(Bucket=name, Key=entry["Key"])


def files_of(stack: Stack) -> dict[str, list[str]]:
    return {
        bucket: [
            entry["Key"]
            for entry in stack.client("s3")
            .list_objects_v2(Bucket=stack.described[bucket])
            .get("Contents", [])
        ]
        for bucket in ("private_bucket", "public_bucket")
    }


def images_of(terminal: Terminal) -> list[dict[str, Any]]:
    return [{name: image.get(name) for name in LIST_FIELDS} for image in terminal.lines("list")]


def totals_of(stack: Stack, manifest_id: str) -> tuple[int, int]:
    """How many images a manifest counts, and the bytes of their originals."""
    key = f"{stack.described['stack_name']}/manifests/{manifest_id}.json"
    answer = stack.client("s3").get_object(Bucket=stack.described["backup_bucket"], Key=key)
    manifest = json.load(answer["Body"])
    return manifest["base_images"], manifest["base_bytes"]


def counts_of(stack: Stack, terminal: Terminal) -> tuple[tuple[int, int], tuple[int, int]]:
    """The same, as the statistics of the store and as the private bucket have it."""
    stats = terminal.document("stats", "--all")
    listing = stack.client("s3").list_objects_v2(Bucket=stack.described["private_bucket"])
    sizes = [entry["Size"] for entry in listing.get("Contents", []) if "/original." in entry["Key"]]
    return (stats["images"], stats["size_bytes"]), (len(sizes), sum(sizes))


def awaited(condition: Callable[[], bool]) -> bool:
    """Whether a condition comes true; repairs follow in the background."""
    until = time.monotonic() + LONGEST_SECONDS
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.5)
    return True


def test_each_runbook_brings_back_what_was_lost(stack: Stack, terminal: Terminal) -> None:
    for number in range(3):
        (terminal.home / f"{number}.jpg").write_bytes(jpeg(320 + number, 240))
    ids = [terminal.lines("upload", f"{number}.jpg")[0]["id"] for number in range(3)]
    terminal.run("publish", ids[0])
    totals = totals_of(stack, terminal.document("backup", "run", "--full")["manifest"])
    images, files = images_of(terminal), files_of(stack)
    assert files["public_bucket"]

    lose_bucket(stack, "public_bucket")
    carry_out(terminal, "The public bucket is lost")
    assert awaited(lambda: files_of(stack) == files)

    lose_bucket(stack, "private_bucket")
    carry_out(terminal, "The private bucket is lost")
    assert awaited(lambda: files_of(stack) == files)
    assert counts_of(stack, terminal) == (totals, totals)
    assert images_of(terminal) == images

    lose_table(stack)
    assert images_of(terminal) == []
    carry_out(terminal, "The table is lost")
    assert images_of(terminal) == images
    assert awaited(lambda: counts_of(stack, terminal) == (totals, totals))

    lose_table(stack)
    lose_bucket(stack, "private_bucket")
    lose_bucket(stack, "public_bucket")
    carry_out(terminal, "All but the backup is lost")
    assert awaited(lambda: files_of(stack) == files)
    assert images_of(terminal) == images
    assert awaited(lambda: counts_of(stack, terminal) == (totals, totals))

    lose_table(stack)
    carry_out(terminal, "The table is lost without a backup")
    assert {image["id"] for image in images_of(terminal)} == set(ids)
    assert {image["visibility"] for image in images_of(terminal)} == {"private"}
    assert awaited(lambda: counts_of(stack, terminal) == (totals, totals))


# Killed processes ------------------------------------------------------------------------------------

MANY = 24
"""Images that a run takes a second or two for."""


def kill_as_soon_as(condition: Callable[[], bool], stack: Stack, function: str) -> None:
    """Kill all processes in which a function runs, once a condition is true."""
    until = time.monotonic() + LONGEST_SECONDS
    while not condition():
        assert time.monotonic() < until, "nothing began"
    stack.kill_function(function)


def change_row(stack: Stack, pk: str, sk: str, name: str, value: str) -> None:
    stack.client("dynamodb").update_item(
        TableName=stack.described["table"],
        Key={"pk": {"S": pk}, "sk": {"S": sk}},
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": {"S": value}},
    )


def row_of(stack: Stack, pk: str, sk: str) -> dict[str, Any]:
    row: dict[str, Any] = (
        stack.client("dynamodb")
        .get_item(
            TableName=stack.described["table"], Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True
        )
        .get("Item", {})
    )
    return row


def test_a_killed_backup_is_completed_by_the_next_and_a_killed_restore_by_cleanup(
    stack: Stack, terminal: Terminal
) -> None:
    names = [f"{number}.jpg" for number in range(MANY)]
    for number, name in enumerate(names):
        (terminal.home / name).write_bytes(jpeg(160 + number, 120))
    terminal.document("backup", "run", "--full")  # so that a process of the function runs
    ids = [image["id"] for image in terminal.lines("upload", *names)]
    images, backup = images_of(terminal), stack.described["backup_bucket"]
    before = len(keys_of(stack, backup, "/objects/"))

    with stack.admin() as http:
        killed = http.post("/v1/admin/backups", json={"full": True}).json()
        kill_as_soon_as(lambda: len(keys_of(stack, backup, "/objects/")) > before, stack, "BackupFunction")
        assert http.get(f"/v1/admin/backups/{killed['id']}").json()["status"] == "running"
    change_row(stack, "BACKUP", "LEASE", "until", LONG_AGO)  # as if 16 minutes had passed
    completed = terminal.document("backup", "run", "--full")
    verified = terminal.document("backup", "verify", "--deep")

    assert (completed["status"], completed["progress"]["failed"]) == ("succeeded", 0)
    assert (verified["status"], verified["progress"]["failed"]) == ("succeeded", 0)
    assert verified["progress"]["verified"] >= MANY

    lose_table(stack)
    with stack.admin() as http:
        restore = http.post("/v1/admin/restores", json={"publish": True}).json()
        kill_as_soon_as(
            lambda: any(row_of(stack, f"IMAGE#{image_id}", "META") for image_id in ids), stack, "WorkFunction"
        )
        path = f"/v1/admin/restores/{restore['id']}"
        assert http.get(path).json()["status"] == "queued"
        row = row_of(stack, f"RECOVERY#{restore['id']}", "RECOVERY")
        silent = json.loads(row["recovery"]["S"]) | {"updated_at": LONG_AGO}
        change_row(stack, f"RECOVERY#{restore['id']}", "RECOVERY", "recovery", json.dumps(silent))
        report = clean(stack)
        assert awaited(lambda: http.get(path).json()["status"] == "succeeded")
        figures = http.get(path).json()["progress"]

    assert report["stopped_because"] == "restore"
    assert figures["failed"] == 0
    assert figures["already_there"] > 0, "the killed step had restored something"
    assert images_of(terminal) == images
