"""`image-store upload` against a server that really answers over HTTP, and sometimes does not (F7)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from image_store_cli.exits import Exit
from tests.cli.store_server import StoreServer
from tests.unit.cli.terminal import Said, command, environment_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.loopback
JPEG = b"\xff\xd8\xff\xe0"
DIRECT_BYTES = 4_000_001
ROOT = Path(__file__).resolve().parents[2]
PACKAGES = os.pathsep.join([str(ROOT / "cli"), str(ROOT / "clients/python")])
ENDED_SECONDS = 60


@pytest.fixture
def store() -> Iterator[StoreServer]:
    """A store that is there."""
    with StoreServer() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with six files that begin as pictures do."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for index in range(6):
        (pictures / f"{index}.jpg").write_bytes(JPEG + bytes([index]))
    return tmp_path


def upload(store: StoreServer, folder: Path, *words: str) -> Said:
    """Run `image-store upload --json`."""
    return command(None, "upload", *words, "--json", folder=folder, url=store.url)


def test_uploads_run_as_parallel_as_requested(store: StoreServer, folder: Path) -> None:
    store.meet = threading.Barrier(3)

    result = upload(store, folder, str(folder / "pictures"), "--parallel", "3")

    assert (result.exit_code, store.most_at_once) == (Exit.OK, 3)
    assert {image["filename"] for image in store.images.values()} == {f"{index}.jpg" for index in range(6)}


def test_a_request_whose_response_was_lost_is_repeated_and_stores_nothing_twice(
    store: StoreServer, folder: Path
) -> None:
    store.after.append(None)

    result = upload(store, folder, str(folder / "pictures/0.jpg"))

    assert (result.exit_code, store.count("POST", "/v1/images"), len(store.images)) == (Exit.OK, 2, 1)


def test_a_store_that_is_busy_is_waited_for_as_long_as_it_says(store: StoreServer, folder: Path) -> None:
    store.before.extend([503, 503])

    result = upload(store, folder, str(folder / "pictures/0.jpg"))

    assert (result.exit_code, result.waits) == (Exit.OK, [1.0, 1.0])


def test_a_bad_file_does_not_affect_others_and_is_the_only_one_that_is_tried_again(
    store: StoreServer, folder: Path
) -> None:
    store.refused.add(JPEG + b"\x03")
    words = (str(folder / "pictures"),)

    first = upload(store, folder, *words)
    store.refused.clear()
    sent = store.count("POST", "/v1/images")
    second = upload(store, folder, *words)

    assert (first.exit_code, second.exit_code) == (Exit.SOME_FAILED, Exit.OK)
    [failed] = [line for line in first.lines if line["status"] == "failed"]
    assert (failed["path"], failed["error"]["code"]) == (str(folder / "pictures/3.jpg"), "invalid_image")
    assert store.count("POST", "/v1/images") == sent + 1
    assert sorted(line["status"] for line in second.lines) == ["resumed"] * 5 + ["stored"]
    assert len(store.images) == 6


def test_files_that_are_not_pictures_do_not_affect_others(store: StoreServer, folder: Path) -> None:
    good = folder / "pictures/1.jpg"
    broken, missing = folder / "broken.jpg", folder / "missing.jpg"
    broken.write_text("no picture")

    result = upload(store, folder, str(broken), str(good), str(missing), str(folder / "*.gif"))

    assert result.exit_code == Exit.SOME_FAILED
    assert [image["filename"] for image in store.images.values()] == ["1.jpg"]
    by_path = {line["path"]: line for line in result.lines}
    assert by_path[str(good)]["status"] == "stored"
    assert "is a text" in by_path[str(broken)]["error"]["detail"]
    assert "no file or folder" in by_path[str(missing)]["error"]["detail"]
    assert "No file matches" in by_path[str(folder / "*.gif")]["error"]["detail"]


def test_nobody_is_advised_to_repeat_what_would_fail_again(store: StoreServer, folder: Path) -> None:
    store.refused.add(JPEG + b"\x03")

    result = command(None, "upload", str(folder / "pictures"), folder=folder, url=store.url)

    assert "5 stored, 1 failed" in result.err
    assert "Repeat the command" not in result.err


@pytest.mark.parametrize("more", [(), ("--json",)], ids=["person", "program"])
def test_a_name_that_is_not_text_fails_only_itself(
    store: StoreServer, folder: Path, more: tuple[str, ...]
) -> None:
    odd = os.fsdecode(os.fsencode(folder / "pictures") + b"/caf\xe9.jpg")
    Path(odd).write_bytes(JPEG + b"odd")

    result = command(None, "upload", odd, str(folder / "pictures"), *more, folder=folder, url=store.url)

    assert result.exit_code == Exit.SOME_FAILED
    assert len(store.images) == 6
    assert "is not UTF-8" in result.out + result.err
    (result.out + result.err).encode()


def test_files_of_which_none_is_a_picture_are_a_wrong_command(store: StoreServer, folder: Path) -> None:
    (folder / "broken.jpg").write_text("no picture")

    result = upload(store, folder, str(folder / "broken.jpg"))

    assert (result.exit_code, store.requests) == (Exit.USAGE, [])


def test_what_was_deleted_meanwhile_is_stored_again_when_an_upload_continues(
    store: StoreServer, folder: Path
) -> None:
    store.refused.add(JPEG + b"\x03")
    first = upload(store, folder, str(folder / "pictures"))
    [gone] = [line["id"] for line in first.lines if line["path"].endswith("/1.jpg")]
    del store.images[gone]

    second = upload(store, folder, str(folder / "pictures"))

    statuses = {line["path"][-5:]: line["status"] for line in second.lines}
    assert (statuses["1.jpg"], statuses["0.jpg"]) == ("stored", "resumed")


def test_a_token_that_is_refused_ends_it_at_once(store: StoreServer, folder: Path) -> None:
    store.before.extend([401] * 6)

    result = upload(store, folder, str(folder / "pictures"), "--parallel", "1")

    assert result.exit_code == Exit.NOT_SIGNED_IN
    assert store.count("POST", "/v1/images") < 6
    assert store.images == {}


def test_a_large_file_goes_to_storage_without_the_token_and_once(store: StoreServer, folder: Path) -> None:
    data = JPEG + b"\0" * (DIRECT_BYTES - len(JPEG))
    (folder / "large.jpg").write_bytes(data)
    store.after.append(None)  # storage has it, and the answer is lost

    result = upload(store, folder, str(folder / "large.jpg"))

    puts = [headers for method, _, headers in store.requests if method == "PUT"]
    assert (result.exit_code, result.lines[0]["status"]) == (Exit.OK, "stored")
    assert list(store.bytes.values()) == [data]
    assert len(puts) == 1
    assert all("Authorization" not in headers and headers["X-Pinned"] == "1" for headers in puts)
    assert all(headers["Content-Length"] == str(len(data)) for headers in puts)
    assert store.count("POST", "/v1/images") == 0


def test_images_stored_before_with_other_attributes_are_reported(store: StoreServer, folder: Path) -> None:
    store.attributes = {"created_at": "2020-01-01T00:00:00+00:00", "groups": {"trip": ["1"]}}

    same = upload(store, folder, str(folder / "pictures/0.jpg"), "--group", "trip:1")
    other = upload(store, folder, str(folder / "pictures/0.jpg"), "--group", "trip:2")

    assert [line["status"] for line in same.lines + other.lines] == ["existing"] * 2
    assert "stay as they are" not in same.err
    assert "stay as they are" in other.err


def test_the_store_fetches_addresses_beside_files_and_a_lost_response_stores_nothing_twice(
    store: StoreServer, folder: Path
) -> None:
    good, bad = "https://images.example/cat.png", "http://169.254.169.254/secret.png"
    store.remote[good] = JPEG + b"cat"
    store.after.append(None)

    result = upload(
        store,
        folder,
        good,
        bad,
        str(folder / "pictures/0.jpg"),
        "--parallel",
        "1",
        "--tag",
        "t",
        "--group",
        "trip:1",
    )

    by_path = {line["path"]: line for line in result.lines}
    assert result.exit_code == Exit.SOME_FAILED
    assert (by_path[good]["status"], by_path[bad]["error"]["code"]) == ("stored", "url_not_allowed")
    [fetched] = [image for image in store.images.values() if image["filename"] == "cat.png"]
    assert (fetched["tags"], fetched["groups"]) == (["t"], {"trip": ["1"]})
    assert len(store.images) == 2


def test_an_interrupted_upload_finishes_its_current_file_and_continues_later(
    store: StoreServer, folder: Path
) -> None:
    store.meet = threading.Barrier(2)
    words = (str(folder / "pictures"), "--parallel", "1")
    process = subprocess.Popen(
        [sys.executable, "-m", "image_store_cli", "upload", *words],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": PACKAGES, **environment_for(folder, store.url)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # as a script's background jobs
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert store.began.wait(ENDED_SECONDS)
    assert process.stderr is not None
    process.send_signal(signal.SIGTERM)
    # An answer before the process knows of its end would let it begin the next file.
    stopped = next(line for line in process.stderr if "Stopped." in line)
    store.meet.wait(ENDED_SECONDS)
    process.communicate(timeout=ENDED_SECONDS)
    stored = len(store.images)
    store.meet = None

    later = upload(store, folder, *words)

    assert (process.returncode, stored) == (Exit.INTERRUPTED, 1)
    assert "Repeat the command to resume." in stopped
    assert sorted(line["status"] for line in later.lines) == ["resumed"] + ["stored"] * 5
    assert len(store.images) == 6


def test_a_store_that_is_not_there_is_unavailable(folder: Path) -> None:
    with StoreServer() as gone:
        url = gone.url

    result = command(None, "upload", str(folder / "pictures/0.jpg"), "--json", folder=folder, url=url)

    assert result.exit_code == Exit.UNAVAILABLE
    assert result.lines[0]["status"] == "failed"
