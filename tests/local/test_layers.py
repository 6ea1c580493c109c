"""Workers of the emulator share layers that are unpacked once."""

import io
import zipfile
from pathlib import Path

import pytest

from local.inside_emulator.layers import Archives
from local.inside_emulator.shared_folder import SharedFolder

MEMBERS = {"python/package/module.py": b"answer = 42", "python/other.py": b"", "readme": b"of a layer"}


def archive_of(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


@pytest.fixture
def archives(tmp_path: Path) -> Archives:
    return Archives(SharedFolder(tmp_path / "shared"))


def unpacked(archives: Archives, folder: Path, members: dict[str, bytes] = MEMBERS) -> Path:
    """Do what MiniStack does for each worker."""
    folder.mkdir()
    path = str(folder.with_suffix(".zip"))
    with archives.open(path, "wb") as file:
        file.write(archive_of(members))
    with archives.archive(path) as archive:
        archive.extractall(str(folder))
    return folder


def test_every_worker_sees_all_members(archives: Archives, tmp_path: Path) -> None:
    for name in ("first", "second"):
        folder = unpacked(archives, tmp_path / name)

        assert {member: (folder / member).read_bytes() for member in MEMBERS} == MEMBERS


def test_workers_and_stacks_share_one_copy(archives: Archives, tmp_path: Path) -> None:
    of_another_stack = Archives(SharedFolder(tmp_path / "shared"))

    first = unpacked(archives, tmp_path / "first") / "python/other.py"
    second = unpacked(archives, tmp_path / "second") / "python/other.py"
    third = unpacked(of_another_stack, tmp_path / "third") / "python/other.py"

    assert first.samefile(second)
    assert first.samefile(third)


def test_archives_are_not_written_to_the_folders_of_workers(archives: Archives, tmp_path: Path) -> None:
    unpacked(archives, tmp_path / "first")

    assert not list(tmp_path.glob("*.zip"))


def test_other_files_are_opened_as_usual(archives: Archives, tmp_path: Path) -> None:
    with archives.open(str(tmp_path / "_worker.py"), "w") as file:
        file.write("pass")

    assert (tmp_path / "_worker.py").read_text() == "pass"


def test_a_worker_that_ends_leaves_the_files_of_others(archives: Archives, tmp_path: Path) -> None:
    first, second = (unpacked(archives, tmp_path / name) for name in ("first", "second"))

    for link in first.iterdir():
        link.unlink()

    assert (second / "readme").read_bytes() == MEMBERS["readme"]


def test_a_changed_layer_is_unpacked_separately(archives: Archives, tmp_path: Path) -> None:
    unpacked(archives, tmp_path / "first")

    changed = unpacked(archives, tmp_path / "second", {**MEMBERS, "new": b"member"})

    assert (changed / "new").read_bytes() == b"member"


def test_paths_are_checked_only_before_the_first_unpacking(archives: Archives, tmp_path: Path) -> None:
    path = str(tmp_path / "layer.zip")
    with archives.open(path, "wb") as file:
        file.write(archive_of(MEMBERS))
    with archives.archive(path) as archive:
        before = archive.namelist()
        archive.extractall(str(tmp_path))

        assert (set(before), archive.namelist()) == (set(MEMBERS), [])
