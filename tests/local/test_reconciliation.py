"""What the launcher does and prints after a stop that was not clean."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.response import StreamingBody

from local import reconciliation
from local.reconciliation import Reconciliation, reconcile
from local.state_folder import UncleanStop

BUCKETS = ("image-store-private", "image-store-public")
SAVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
STOP = UncleanStop(SAVED)
IMAGE = "0192d0c0-0000-7000-8000-000000000001"


class Answering:
    """A fake emulator with two buckets, a table, and a cleanup with scripted responses; the last one repeats."""

    log = Path("the.log")

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.objects: dict[tuple[str, str], tuple[datetime, bytes]] = {}
        self.records: dict[str, dict[str, Any]] = {}
        self.garbage: set[tuple[str, str]] = set()

    def get_paginator(self, _: str) -> Answering:
        return self

    def paginate(self, *, Bucket: str) -> list[dict[str, Any]]:  # noqa: N803
        contents = [
            {"Key": key, "LastModified": time}
            for (bucket, key), (time, _) in self.objects.items()
            if bucket == Bucket
        ]
        return [{"Contents": contents}, {}]

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        data = io.BytesIO(self.objects[Bucket, Key][1])
        return {"Body": StreamingBody(data, len(data.getvalue()))}

    def head_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803
        if (Bucket, Key) not in self.objects:
            missing = {"Error": {"Code": "404"}, "ResponseMetadata": {"HTTPStatusCode": 404}}
            raise ClientError(missing, "HeadObject")

    def get_item(self, *, Key: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        record = self.records.get(Key["pk"]["S"])
        return {} if record is None else {"Item": record}

    def client(self, service: str, **_: Any) -> Answering:
        return self

    def describe_stack_resource(self, **_: Any) -> dict[str, Any]:
        return {"StackResourceDetail": {"PhysicalResourceId": "the-cleanup"}}

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        for orphan in self.garbage:
            del self.objects[orphan]
        self.garbage = set()
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "PAUSE_SECONDS", 0)


def settle(emulator: Answering, folder: Path) -> Reconciliation:
    """Reconcile after a kill."""
    return reconcile(emulator, stop=STOP, table_name="table", aside=folder)  # type: ignore[arg-type]


def report(**changes: Any) -> dict[str, Any]:
    return {"orphans": 2, "staged": 1, "dangling": 4, "failed": 0, "stopped_because": None} | changes


def test_removed_objects_and_records_are_reported_in_one_line(tmp_path: Path) -> None:
    emulator = Answering(report())

    result = settle(emulator, tmp_path)

    assert result.done
    assert "3 objects without a record and 4 records without their object were removed" in result.line
    [request] = emulator.asked
    assert request["FunctionName"] == "the-cleanup"
    assert json.loads(request["Payload"]) == {
        "reconcile": True,
        "take_over": True,
        "max_deletions": 1_000_000,
    }


def test_a_concurrent_cleanup_is_waited_for(tmp_path: Path) -> None:
    emulator = Answering(report(stopped_because="another_run"), report())

    assert settle(emulator, tmp_path).done


def put(
    emulator: Answering, key: str, *, bucket: str = BUCKETS[0], after: int = 60, is_garbage: bool = False
) -> None:
    """Store an object some seconds after the last save."""
    emulator.objects[bucket, key] = (SAVED + timedelta(seconds=after), key.encode())
    if is_garbage:
        emulator.garbage.add((bucket, key))


def files_in(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_removed_files_newer_than_the_last_save_are_set_aside_and_reported(tmp_path: Path) -> None:
    emulator = Answering(report())
    lost, old = f"images/{IMAGE}/a1/original.png", f"images/{IMAGE}/a0/original.png"
    put(emulator, lost, is_garbage=True)
    put(emulator, f"../{lost}", is_garbage=True)
    put(emulator, "p/1/thumb.webp", bucket=BUCKETS[1], is_garbage=True)
    put(emulator, old, after=-60, is_garbage=True)

    result = settle(emulator, tmp_path)

    folder = "20260301T120000Z"
    escaping = f"..%2F{lost.replace('/', '%2F')}"
    assert files_in(tmp_path) == {
        f"{folder}/{BUCKETS[0]}/{lost}": lost.encode(),
        f"{folder}/{BUCKETS[0]}/{escaping}": f"../{lost}".encode(),
        f"{folder}/{BUCKETS[1]}/p/1/thumb.webp": b"p/1/thumb.webp",
    }
    assert f"3 files that are newer than the last save are kept in {tmp_path / folder}." in result.line


@pytest.mark.parametrize(
    ("record", "is_kept"),
    [
        ({"state": {"S": "ready"}, "attempt": {"S": "a1"}}, False),
        ({"state": {"S": "trashed"}, "attempt": {"S": "a1"}}, False),
        ({"state": {"S": "pending"}, "attempt": {"S": "a1"}}, True),
        ({"state": {"S": "ready"}, "attempt": {"S": "a2"}}, True),
    ],
)
def test_a_copy_stays_unless_its_object_belongs_to_a_stored_image(
    tmp_path: Path, record: dict[str, Any], is_kept: bool
) -> None:
    emulator = Answering(report())
    put(emulator, f"images/{IMAGE}/a1/original.png")
    emulator.records[f"IMAGE#{IMAGE}"] = record

    result = settle(emulator, tmp_path)

    assert bool(files_in(tmp_path)) is is_kept
    assert ("are kept in" in result.line) is is_kept


def test_older_or_used_objects_leave_no_folder_behind(tmp_path: Path) -> None:
    emulator = Answering(report())
    put(emulator, "staging/1/a")
    put(emulator, "p/1/thumb.webp", bucket=BUCKETS[1], after=-60)

    result = settle(emulator, tmp_path)

    assert list(tmp_path.iterdir()) == []
    assert "kept" not in result.line


def test_without_room_for_the_copies_nothing_is_removed(tmp_path: Path) -> None:
    emulator = Answering(report())
    put(emulator, "images/x/y/original.png", is_garbage=True)
    (tmp_path / "20260301T120000Z").write_text("in the way")

    result = settle(emulator, tmp_path)

    assert not result.done
    assert emulator.asked == []
    assert len(emulator.objects) == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (report(stopped_because="another_run"), "another_run"),
        (report(stopped_because="deadline"), "deadline"),
        (report(failed=1), "failed"),
        ({"errorMessage": "it broke", "errorType": "RuntimeError"}, "it broke"),
        (EndpointConnectionError(endpoint_url="http://localhost"), "localhost"),
    ],
)
def test_an_unfinished_comparison_is_reported_without_an_error(answer: Any, why: str, tmp_path: Path) -> None:
    result = settle(Answering(answer), tmp_path)

    assert not result.done
    assert why in result.line
    assert "The next start tries again. See the end of the.log." in result.line
