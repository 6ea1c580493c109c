"""Workers of functions are forked from a process that has their packages, and are like ones that started alone."""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from local.inside_emulator.forked_workers import LAYERS, WORKER, ForkServers, Worker, adopt_orphans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    type Start = Callable[..., Worker]

HANDLER = """
import json, os, random, sys
print(json.dumps({
    "packages": [name for name in sys.modules if name.startswith("botocore.")],
    "pid": os.getpid(), "parent": os.getppid(), "folder": os.getcwd(), "arguments": sys.argv, "path": sys.path,
    "name": __name__, "variables": dict(os.environ), "random": random.random(),
    "descriptors": sorted(os.listdir("/proc/self/fd")),
}), flush=True)
print("a line of the log", file=sys.stderr)
for line in sys.stdin:
    print(line.upper(), end="", flush=True)
sys.exit(7)
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers start as usual")
WAIT_SECONDS = 30


@pytest.fixture(scope="module", autouse=True)
def parent_of_orphans() -> None:
    assert adopt_orphans()


@pytest.fixture
def servers() -> ForkServers:
    return ForkServers()


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A layer with a package that changes the environment when it is imported."""
    package = tmp_path / "unpacked" / "python" / "botocore"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "handlers.py").write_text("import os; os.environ['IMPORTED'] = 'once'")
    return package.parents[1]


@pytest.fixture
def start(tmp_path: Path, layer: Path, servers: ForkServers) -> Iterator[Start]:
    """Starts workers, each with a folder of its own and a link to the layer, as MiniStack does."""
    started: list[Worker] = []

    def begin(handler: str = HANDLER, *, layers: bool = True, **variables: str) -> Worker:
        folder = tmp_path / f"worker{len(started)}"
        (folder / "code").mkdir(parents=True)
        (folder / WORKER).write_text(handler)
        (folder / "layer_0").mkdir()
        (folder / "layer_0" / "python").symlink_to(layer / "python")
        worker = Worker(
            [sys.executable, str(folder / WORKER)],
            servers=servers,
            cwd=folder / "code",
            env={**variables, **({LAYERS: str(folder / "layer_0")} if layers else {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        started.append(worker)
        return worker

    yield begin
    for worker in started:
        worker.kill()
        worker.communicate()
    servers.close()


def first_words(worker: Worker) -> Any:
    """What a worker says of itself."""
    assert worker.stdout is not None
    return json.loads(worker.stdout.readline())


def test_a_worker_has_the_packages_of_its_layer_and_nothing_else_of_another(start: Start) -> None:
    one, other = start(NAME="one"), start(NAME="other")

    of_one, of_other = first_words(one), first_words(other)

    assert of_one["packages"] == of_other["packages"] == ["botocore.handlers"]
    for worker, words, name in ((one, of_one, "one"), (other, of_other, "other")):
        assert words["variables"].keys() <= {"NAME", LAYERS, "LC_CTYPE"}
        assert words["variables"]["NAME"] == name
        assert words["arguments"] == [worker.args[1]]  # type: ignore[index]
        assert words["path"][0] == os.path.dirname(words["arguments"][0])
        assert words["folder"] == f"{words['path'][0]}/code"
        assert (words["name"], words["pid"], words["parent"]) == ("__main__", worker.pid, os.getpid())
    assert of_one["random"] != of_other["random"]


def test_the_path_and_the_descriptors_of_a_fork_are_those_of_a_worker_that_starts_alone(start: Start) -> None:
    forked, alone = start(), start(layers=False)

    of_forked, of_alone = first_words(forked), first_words(alone)

    assert of_alone["packages"] == []
    assert of_forked["path"][1:] == of_alone["path"][1:]
    assert of_forked["descriptors"] == of_alone["descriptors"]


def test_a_worker_talks_over_its_streams_until_they_close_and_ends_with_its_own_code(start: Start) -> None:
    worker = start()
    first_words(worker)

    out, log = worker.communicate("hello\nagain\n", timeout=WAIT_SECONDS)

    assert (out, log) == ("HELLO\nAGAIN\n", "a line of the log\n")
    assert worker.returncode == 7


def test_a_worker_that_is_killed_has_ended_by_that_signal(start: Start) -> None:
    worker = start()
    first_words(worker)
    assert worker.poll() is None

    worker.kill()

    assert worker.wait(timeout=WAIT_SECONDS) == -signal.SIGKILL


def test_a_worker_whose_script_fails_says_why(start: Start) -> None:
    worker = start("raise ValueError('no such table')")

    out, log = worker.communicate(timeout=WAIT_SECONDS)

    assert (out, worker.returncode) == ("", 1)
    assert "ValueError: no such table" in log


def test_workers_start_whatever_happens_to_the_process_that_forks_them(
    start: Start, servers: ForkServers
) -> None:
    before = start()
    first_words(before)
    [server] = servers.pids
    os.kill(server, signal.SIGKILL)

    alone, after = start(), start()

    assert first_words(alone)["packages"] == []
    assert first_words(after)["packages"] == ["botocore.handlers"]
    assert before.poll() is None
    assert servers.pids != [server]


def test_a_process_that_does_not_respond_is_ended_and_the_worker_starts_alone(
    start: Start, servers: ForkServers
) -> None:
    first_words(start())
    [server] = servers.pids
    os.kill(server, signal.SIGSTOP)
    servers.patience_seconds = 0.1

    alone = start()

    assert first_words(alone)["packages"] == []
    assert not os.path.exists(f"/proc/{server}")


def test_all_functions_with_a_layer_share_one_process(start: Start, servers: ForkServers) -> None:
    for _ in range(3):
        first_words(start())

    assert len(servers.pids) == 1


def test_the_process_that_forks_ends_with_the_emulator(start: Start, servers: ForkServers) -> None:
    first_words(start())
    [server] = servers.pids

    servers.close()

    deadline = time.monotonic() + WAIT_SECONDS
    while os.path.exists(f"/proc/{server}"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_python_passes_what_a_worker_takes() -> None:
    """The method is private: another version of Python may pass other things."""
    names = list(inspect.signature(subprocess.Popen._execute_child).parameters)  # type: ignore[attr-defined]  # noqa: SLF001

    assert names[:2] == ["self", "args"]
    assert names.index("cwd") - 2 == 4
    assert names.index("env") - 2 == 5
    assert names[11:17] == ["p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite"]
