"""What stacks of a checkout share is complete, and stays while a process uses it."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from local.inside_emulator.shared_folder import HALF_MADE, SharedFolder

ROOT = Path(__file__).resolve().parents[2]
USER = """
import sys
from pathlib import Path
from local.inside_emulator.shared_folder import SharedFolder
fill = lambda folder: (folder / "file").write_text("content")
print(SharedFolder(Path(sys.argv[1])).add("entry", fill), flush=True)
sys.stdin.read()
"""


def fill(folder: Path) -> None:
    (folder / "file").write_text("content")


def fail(folder: Path) -> None:
    fill(folder)
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shared"


def test_an_entry_is_made_once(path: Path) -> None:
    entry = SharedFolder(path).add("entry", fill)

    assert SharedFolder(path).find("entry") == entry
    assert (entry / "file").read_text() == "content"


def test_whoever_is_slower_uses_what_the_faster_one_made(path: Path) -> None:
    faster, slower = SharedFolder(path), SharedFolder(path)

    def fill_late(folder: Path) -> None:
        faster.add("entry", fill)
        (folder / "file").write_text("late")

    entry = slower.add("entry", fill_late)

    assert (entry / "file").read_text() == "content"
    assert not list(path.glob(f"{HALF_MADE}*"))


def test_an_entry_that_could_not_be_made_is_not_found(path: Path) -> None:
    folder = SharedFolder(path)

    with pytest.raises(OSError, match="No space left"):
        folder.add("entry", fail)

    assert folder.find("entry") is None
    assert not list(path.iterdir())


def test_what_another_process_uses_stays_until_it_ends(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as user:
        assert user.stdout is not None
        assert user.stdout.readline().strip() == str(path / "entry")

        SharedFolder(path).delete_unused(older_than=0)
        assert (path / "entry" / "file").exists()

    SharedFolder(path).delete_unused(older_than=0)
    assert not list(path.iterdir())


def test_an_unused_entry_is_kept_for_the_next_stack(path: Path) -> None:
    SharedFolder(path).add("entry", fill)

    SharedFolder(path).delete_unused()

    assert (path / "entry").exists()
