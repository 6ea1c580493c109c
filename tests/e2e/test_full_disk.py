"""A disk that is full for a while: nothing is called stored that a kill would lose, and saving goes on by itself.

A limit of the operating system on the emulator's files stands in for the full disk: every write to one fails.
"""

from __future__ import annotations

import resource
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from local.settings import PRIVATE_BUCKET
from tests.e2e.test_images import JPEG
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from tests.e2e.conftest import Stack

SOON_SECONDS = 30


@pytest.fixture
def stack(troubled_stack: Stack) -> Stack:
    """The stack whose disk may be full."""
    return troubled_stack


def emulator_of(stack: Stack) -> int:
    """The emulator's process: the launcher's one child."""
    process = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    processes = [tuple(map(int, line.split())) for line in process.stdout.splitlines()]
    [emulator] = [pid for pid, parent in processes if parent == stack.launcher]
    return emulator


@contextmanager
def full_disk(stack: Stack) -> Iterator[None]:
    """Let every write of the emulator to a file fail inside the block."""
    emulator = emulator_of(stack)
    before = resource.prlimit(emulator, resource.RLIMIT_FSIZE)
    resource.prlimit(emulator, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it was stopped
            resource.prlimit(emulator, resource.RLIMIT_FSIZE, before)


def launcher_output(stack: Stack) -> str:
    """What the launcher has said so far."""
    return (stack.state.path / "launcher.out").read_text()


def soon(is_so: Callable[[], bool]) -> bool:
    """Wait until something is so; tell whether it came to that."""
    until = time.monotonic() + SOON_SECONDS
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.5)
    return is_so()


def upload(http: httpx.Client, number: int) -> httpx.Response:
    """Store a picture that is like no other."""
    return http.post("/v1/images", content=jpeg(100 + number, 80), headers=JPEG)


def test_while_the_disk_is_full_writes_get_503_and_afterwards_everything_continues(stack: Stack) -> None:
    with stack.http("full-disk") as http:
        before = upload(http, 1)
        assert before.status_code == 201
        address = f"/v1/images/{before.json()['id']}"
        assert http.get(address).status_code == 200  # from here on its function runs

        with full_disk(stack):
            assert soon(lambda: upload(http, 2).status_code == 503)
            refused = http.delete(address)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
            assert http.get(address).status_code == 200
            assert soon(lambda: "the state cannot be saved" in launcher_output(stack))

        assert soon(lambda: "everything is saved again" in launcher_output(stack))
        assert soon(lambda: upload(http, 3).status_code == 201)


def test_what_was_stored_around_a_full_disk_survives_a_kill(stack: Stack) -> None:
    with stack.http("full-disk") as http:
        with full_disk(stack):
            assert soon(lambda: upload(http, 4).status_code == 503)
        stored: list[str] = []

        def is_stored() -> bool:
            answer = upload(http, 5)
            stored.extend([answer.json()["id"]] if answer.status_code == 201 else [])
            return bool(stored)

        assert soon(is_stored)
        stack.wait_until_safe()

    stack.kill()
    stack.start()

    with stack.http("full-disk") as http:
        assert http.get(f"/v1/images/{stored[0]}/content", follow_redirects=True).status_code == 200


def test_bytes_whose_record_a_kill_lost_are_kept_aside(stack: Stack) -> None:
    time.sleep(6)
    key = f"images/0192d0c0-0000-7000-8000-000000000001/{'0' * 16}/original.jpg"
    with full_disk(stack):  # the record of this upload is never saved
        time.sleep(3)
        path = stack.state.objects / "000000000000" / PRIVATE_BUCKET / key
        path.parent.mkdir(parents=True)
        path.write_bytes(b"bytes without a record")
        stack.kill()

    stack.start()

    paths = [path for path in stack.state.set_aside.rglob("original.jpg") if key in str(path)]
    assert [path.read_bytes() for path in paths] == [b"bytes without a record"]
    assert "newer than the last save are kept in" in launcher_output(stack)
    listing = stack.client("s3").list_objects_v2(Bucket=PRIVATE_BUCKET, Prefix=key)
    assert listing["KeyCount"] == 0


def test_a_stop_while_the_disk_is_full_is_not_clean(stack: Stack) -> None:
    with full_disk(stack):
        assert stack.stop() == 1

    assert "error: not everything could be saved before the end." in launcher_output(stack)
    stack.start()
    assert "the last stop was not clean" in launcher_output(stack)
