"""A backup of the real stack, by the command line: what the other bucket holds, and how damage is found (F8)."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from tests.e2e.test_cleanup import keys_of
from tests.e2e.test_command_line import Terminal, terminal
from tests.pictures import jpeg

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack

__all__ = ["terminal"]  # the fixture

MOST_RUNS = 30
"""A change is noted about a second after it was made; a run takes about as long."""


def bytes_of(stack: Stack, bucket: str, key: str) -> bytes:
    """The bytes of an object."""
    data: bytes = stack.client("s3").get_object(Bucket=stack.described[bucket], Key=key)["Body"].read()
    return data


def last_line_of(stack: Stack, image_id: str) -> dict[str, Any]:
    """The newest line of an image in the backup."""
    lines = [
        line
        for key in sorted(keys_of(stack, stack.described["backup_bucket"], ".jsonl.gz"))
        for line in map(json.loads, gzip.decompress(bytes_of(stack, "backup_bucket", key)).splitlines())
        if line["entity"] == f"image:{image_id}"
    ]
    newest: dict[str, Any] = max(lines, key=lambda line: line["at"])
    return newest


def test_a_backup_has_what_the_store_has_and_damage_is_found(stack: Stack, terminal: Terminal) -> None:
    (terminal.home / "a.jpg").write_bytes(jpeg(320, 240))
    [image] = terminal.lines("upload", "a.jpg")
    image_id = image["id"]

    first = terminal.document("backup", "run", "--full")
    terminal.run("edit", image_id, "--title", "A cat")
    titles: list[str] = []
    while "A cat" not in titles and len(titles) < MOST_RUNS:
        terminal.document("backup", "run")
        titles.append(json.loads(last_line_of(stack, image_id)["rows"]["DETAIL"]["body"]["S"])["title"])
    verified = terminal.document("backup", "verify", "--deep")
    [copy] = keys_of(stack, stack.described["backup_bucket"], image_id)
    original = copy.removeprefix(f"{stack.described['stack_name']}/objects/")
    same = bytes_of(stack, "backup_bucket", copy) == bytes_of(stack, "private_bucket", original)
    stack.client("s3").delete_object(Bucket=stack.described["backup_bucket"], Key=copy)
    report = terminal.run("backup", "verify", exit_code=1)
    repaired = terminal.document("backup", "run", "--full")

    assert first["status"] == "succeeded"
    assert titles[-1] == "A cat"
    assert (verified["status"], verified["progress"]["failed"], same) == ("succeeded", 0, True)
    assert f"image:{image_id}" in report
    assert repaired["progress"]["objects"] == 1
    assert keys_of(stack, stack.described["backup_bucket"], image_id) == [copy]
    assert len(terminal.lines("backup", "list")) >= 4
