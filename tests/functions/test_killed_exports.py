"""`image-store export` and `import folder` that are killed (SIGKILL) anywhere: the same command completes them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.functions.served_store import ServedStore
from tests.functions.store_in_memory import StoreInMemory, with_ids_of_its_own
from tests.functions.test_export_and_import import content, export, put, records
from tests.pictures import jpeg
from tests.unit.cli.terminal import environment_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.functions.deployment import Deployment

pytestmark = pytest.mark.loopback
ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("killed_commands.py")
PACKAGES = os.pathsep.join([str(ROOT / "cli"), str(ROOT / "clients/python")])
MOST_CHANGES = 60
"""More than an export of two images makes."""
MOST_REQUESTS = 20


class Commands:
    """Runs commands in processes that can be killed."""

    def __init__(self, server: ServedStore, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(server.pid_file)],
            env=os.environ | environment_for(home, server.url) | {"PYTHONPATH": PACKAGES},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __call__(self, *words: str, folder: Path, kill_at: int = 0, most_bytes: int = 0) -> int:
        """Run a command, and return how it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"words": words, "folder": str(folder), "kill_at": kill_at, "most_bytes": most_bytes}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End."""
        self._process.communicate()


@pytest.fixture
def server(deployed: Callable[..., Deployment], tmp_path: Path) -> Iterator[ServedStore]:
    """A store behind HTTP, with no images."""
    with ServedStore(StoreInMemory(deployed()), tmp_path / "pid") as served:
        yield served


@pytest.fixture
def run(server: ServedStore, tmp_path: Path) -> Iterator[Commands]:
    """Runs commands against the store."""
    commands = Commands(server, tmp_path)
    yield commands
    commands.close()


def ids_of_index(folder: Path) -> list[str]:
    """The images of complete lines of an index, if there is one."""
    path = folder / "export.json"
    if not path.exists():
        return []
    return [
        json.loads(line)["id"] for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")
    ]


def test_an_export_that_is_killed_at_any_change_of_a_file_is_completed(
    server: ServedStore, run: Commands, tmp_path: Path
) -> None:
    store = server.store
    pictures = {put(store, data): data for data in (jpeg(20, 20), jpeg(20, 21))}
    killed = 0

    for at in range(1, MOST_CHANGES):
        folder = tmp_path / f"out{at}"
        ended = run("export", str(folder), "--parallel", "1", folder=folder, kill_at=at)
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
        killed += 1
        for image_id in ids_of_index(folder):  # what counts as done is done
            [file] = folder.rglob(f"*{image_id}.jpg")
            assert file.read_bytes() == pictures[image_id]
            assert json.loads(file.with_name(f"{file.name}.json").read_text())["id"] == image_id
        assert store.run("export", str(folder), folder=tmp_path).exit_code == 0
        files = {path.name: path for path in folder.rglob("*") if path.is_file()}
        assert len(files) == 2 * len(pictures) + 2
        assert {path.read_bytes() for name, path in files.items() if name.endswith(".jpg")} == {
            *pictures.values()
        }
        assert sorted(ids_of_index(folder)) == sorted(pictures)
    assert ended == 0
    assert killed > 8


def test_an_import_that_is_killed_after_any_request_stores_each_image_once(
    server: ServedStore, run: Commands, tmp_path: Path, deployed: Callable[..., Deployment]
) -> None:
    source = StoreInMemory(with_ids_of_its_own(deployed()))
    same = jpeg(20, 20)
    for data in (same, same, jpeg(20, 21)):
        put(source, data, {"tags": ["x"]})
    export(source, tmp_path)
    killed = 0

    for after in range(1, MOST_REQUESTS):
        server.store = StoreInMemory(deployed(), is_admin=True)
        journal = str(tmp_path / f"journal{after}")
        command = ("import", "folder", str(tmp_path / "out"), "--journal", journal, "--parallel", "2")
        server.begin(kill_after=after)
        ended = run(*command, folder=tmp_path)
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
        killed += 1
        server.begin(kill_after=-1)
        assert run(*command, "--map", str(tmp_path / "map.csv"), folder=tmp_path) == 0
        assert records(server.store) == records(source)
        rows = [row.split(",") for row in (tmp_path / "map.csv").read_text().splitlines()[1:]]
        assert all(content(server.store, new) == content(source, old) for old, new, *_ in rows)
        assert len({new for _, new, *_ in rows}) == 3
    assert ended == 0
    assert killed == 6  # each image is looked up under its old id, and uploaded


def test_a_file_that_the_disk_does_not_take_leaves_nothing_and_spoils_no_other(
    server: ServedStore, run: Commands, tmp_path: Path
) -> None:
    small, large = jpeg(8, 8), jpeg(160, 160)
    small_id, large_id = put(server.store, small), put(server.store, large)
    folder = tmp_path / "out"

    ended = run("export", str(folder), folder=folder, most_bytes=len(large) - 1)
    after_the_fault = [path.name for path in folder.rglob("*") if path.is_file()]
    repeated = run("export", str(folder), folder=folder)

    assert (ended, repeated) == (1, 0)
    assert not [name for name in after_the_fault if large_id in name or name.endswith(".part")]
    assert [name for name in after_the_fault if name.endswith(".jpg")] == [f"image-{small_id}.jpg"]
    assert {path.read_bytes() for path in folder.rglob("*.jpg")} == {small, large}
