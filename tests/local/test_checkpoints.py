"""The emulator's state is saved, and failing saves are reported."""

# ruff: noqa: SLF001 - it plays MiniStack, whose parts have such names

from __future__ import annotations

import asyncio
import copy
import errno
import importlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.inside_emulator.activity import Activity
from local.inside_emulator.checkpoints import (
    LONGEST_UNSAVED_SECONDS,
    SETTLING_SECONDS,
    Checkpoints,
    uncopied_states,
)
from local.inside_emulator.unsaved_objects import UnsavedObjects

NO_SPACE = OSError(errno.ENOSPC, "No space left on device")


class Scoped(dict[Any, Any]):
    """A MiniStack store with one account."""

    def all_items(self) -> list[Any]:
        return list(self.items())


class Emulator:
    """The parts of MiniStack that saving uses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.states: dict[str, Any] = {"dynamodb": {"rows": 1}, "lambda": {"code": 1}}
        self.disk_is_full = False
        self.stacks = Scoped()
        self.s3: SimpleNamespace = SimpleNamespace(
            _buckets={"bucket": {"objects": {}}},
            _atomic_write=self.write,
            _persist_object=self.persist,
            _persist_version_state=lambda bucket, key, _: self.s3._persist_object(bucket, key, {}),
            _persist_delete_marker=lambda *_: None,
            _persist_displaced_version=lambda *_: None,
        )

    def _build_persistence_save_dict(self) -> dict[str, Any]:
        return {name: (lambda name=name: self.states[name]) for name in self.states}

    def write(self, path: str, data: bytes) -> None:
        if self.disk_is_full:
            raise NO_SPACE
        (self.folder / path).write_bytes(data)

    def persist(self, _: str, key: str, __: Any) -> None:
        """Ignore errors, as MiniStack does."""
        try:
            self.s3._atomic_write(key, b"bytes")
        except OSError:
            return


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """An emulator with its files in a folder of the test."""
    new_emulator = Emulator(tmp_path / "objects")
    new_emulator.folder.mkdir()
    modules = {
        "ministack.core.persistence": SimpleNamespace(_json_default=str, _state_format_version=lambda _: 2),
        "ministack.core.responses": SimpleNamespace(
            get_account_id=lambda: "000000000000", set_request_account_id=lambda _: None
        ),
        "ministack.services.dynamodb": SimpleNamespace(copy=copy),
        "ministack.services.cloudwatch_logs": SimpleNamespace(copy=copy, _log_groups=Scoped()),
        "ministack.services.cloudformation": SimpleNamespace(_stacks=new_emulator.stacks),
        "ministack.services.s3": new_emulator.s3,
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    real = importlib.import_module
    monkeypatch.setattr(importlib, "import_module", lambda name: modules.get(name) or real(name))
    write_text = Path.write_text

    def write_unless_full(path: Path, text: str) -> int:
        if new_emulator.disk_is_full:
            path.touch()  # a full disk takes the name, and not the bytes
            raise NO_SPACE
        return write_text(path, text)

    monkeypatch.setattr(Path, "write_text", write_unless_full)
    return new_emulator


@pytest.fixture
def reports() -> list[str | None]:
    return []


@pytest.fixture
def objects(emulator: Emulator) -> UnsavedObjects:
    unsaved = UnsavedObjects()
    unsaved.watch()
    return unsaved


class Time:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> Time:
    return Time()


@pytest.fixture
def activity(now: Time) -> Activity:
    return Activity(now=now)


@pytest.fixture
def checkpoints(
    emulator: Emulator,
    objects: UnsavedObjects,
    activity: Activity,
    now: Time,
    reports: list[str | None],
    tmp_path: Path,
) -> Checkpoints:
    folder = tmp_path / "emulator"
    folder.mkdir()
    return Checkpoints(
        emulator, state_dir=folder, objects=objects, activity=activity, report=reports.append, now=now
    )


def saved(tmp_path: Path, service: str = "dynamodb") -> Any:
    """The saved state of a service."""
    return json.loads((tmp_path / f"emulator/{service}.json").read_text())["payload"]


def test_changes_are_saved_with_the_time_of_the_save(
    checkpoints: Checkpoints, emulator: Emulator, reports: list[str | None], tmp_path: Path
) -> None:
    checkpoints.save_changed()
    emulator.states["dynamodb"] = {"rows": 2}
    checkpoints.save_changed()

    assert saved(tmp_path) == {"rows": 2}
    assert not (tmp_path / "emulator/lambda.json").exists()
    assert (tmp_path / "saved").exists()
    assert (checkpoints.fault, reports) == (None, [])


def test_a_full_disk_is_a_fault_until_saving_works_again(
    checkpoints: Checkpoints, emulator: Emulator, reports: list[str | None], tmp_path: Path
) -> None:
    checkpoints.save_changed()
    before = (tmp_path / "saved").stat().st_mtime_ns
    emulator.states["dynamodb"] = {"rows": 2}

    emulator.disk_is_full = True
    checkpoints.save_changed()
    checkpoints.save_changed()

    assert checkpoints.fault == "No space left on device"
    assert saved(tmp_path) == {"rows": 1}
    assert not list((tmp_path / "emulator").glob("*.tmp"))
    assert (tmp_path / "saved").stat().st_mtime_ns == before

    emulator.disk_is_full = False
    checkpoints.save_changed()

    assert saved(tmp_path) == {"rows": 2}
    assert reports == ["No space left on device", None]


def test_an_error_of_one_service_does_not_end_saving(
    checkpoints: Checkpoints, emulator: Emulator, reports: list[str | None], tmp_path: Path
) -> None:
    emulator.states = {"broken": 1, "dynamodb": {"rows": 1}}
    fine = emulator._build_persistence_save_dict

    def states() -> dict[str, Any]:
        def fail() -> Any:
            raise TypeError("not serializable")

        return fine() | {"broken": fail}

    emulator._build_persistence_save_dict = states  # type: ignore[method-assign]
    checkpoints.save_changed()

    assert checkpoints.fault == "not serializable"
    assert reports == ["not serializable"]
    assert saved(tmp_path) == {"rows": 1}
    assert not (tmp_path / "saved").exists()


def test_an_unwritten_object_is_reported_and_written_later(
    checkpoints: Checkpoints, emulator: Emulator, objects: UnsavedObjects
) -> None:
    emulator.disk_is_full = True
    emulator.s3._persist_object("bucket", "key", {})

    assert checkpoints.fault == "No space left on device"
    checkpoints.save_changed()
    assert objects.fault == "No space left on device"

    emulator.disk_is_full = False
    checkpoints.save_changed()

    assert (emulator.folder / "key").read_bytes() == b"bytes"
    assert checkpoints.fault is None


def test_nothing_is_saved_during_a_deployment(
    checkpoints: Checkpoints, emulator: Emulator, tmp_path: Path
) -> None:
    emulator.stacks["image-store"] = {"StackStatus": "UPDATE_IN_PROGRESS"}

    checkpoints.save_changed()

    assert not (tmp_path / "saved").exists()


@pytest.mark.usefixtures("emulator")
def test_only_the_saving_thread_reads_states_without_copies() -> None:
    tables: Any = sys.modules["ministack.services.dynamodb"]
    rows = {"id": "image"}

    with uncopied_states(), ThreadPoolExecutor(1) as another_thread:
        read_here = tables.copy.deepcopy(rows)
        read_elsewhere = another_thread.submit(tables.copy.deepcopy, rows).result()

    assert read_here is rows
    assert read_elsewhere == rows
    assert read_elsewhere is not rows
    assert tables.copy.deepcopy(rows) is not rows


def test_a_quiet_stack_is_saved_once_and_then_only_its_time_is_noted(
    checkpoints: Checkpoints, emulator: Emulator, now: Time, tmp_path: Path
) -> None:
    now.seconds += SETTLING_SECONDS + 1
    checkpoints.save_changed()
    (tmp_path / "saved").unlink()
    emulator.states["dynamodb"] = {"rows": 2}

    checkpoints.save_changed()

    assert saved(tmp_path) == {"rows": 1}
    assert (tmp_path / "saved").exists()


def test_what_changes_without_a_request_is_saved_within_a_minute(
    checkpoints: Checkpoints, emulator: Emulator, now: Time, tmp_path: Path
) -> None:
    now.seconds += SETTLING_SECONDS + 1
    checkpoints.save_changed()
    emulator.states["dynamodb"] = {"rows": 2}
    now.seconds += LONGEST_UNSAVED_SECONDS

    checkpoints.save_changed()

    assert saved(tmp_path) == {"rows": 2}


def test_what_follows_a_request_is_saved_too(
    checkpoints: Checkpoints, emulator: Emulator, activity: Activity, now: Time, tmp_path: Path
) -> None:
    now.seconds += SETTLING_SECONDS + 1
    checkpoints.save_changed()
    request(activity)
    checkpoints.save_changed()
    now.seconds += SETTLING_SECONDS - 1
    emulator.states["dynamodb"] = {"rows": 2}

    checkpoints.save_changed()

    assert saved(tmp_path) == {"rows": 2}


def request(activity: Activity) -> None:
    """Serve one request."""

    async def serve(*_: object) -> None:
        pass

    asyncio.run(activity.watch_requests(serve)({"type": "http"}, None, None))


def test_a_stack_whose_save_failed_tries_again_though_nothing_happens(
    checkpoints: Checkpoints, emulator: Emulator, now: Time, tmp_path: Path
) -> None:
    emulator.disk_is_full = True
    now.seconds += SETTLING_SECONDS + 1
    checkpoints.save_changed()
    emulator.disk_is_full = False

    checkpoints.save_changed()

    assert saved(tmp_path) == {"rows": 1}
    assert checkpoints.fault is None
