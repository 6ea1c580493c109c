"""Files of the local server: nothing outside its folders is read or written, whatever a path says."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from image_store_mcp.local import files
from image_store_mcp.local.files import Folders, is_plain_on_windows
from image_store_mcp.tools.failures import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DATA = b"\xff\xd8\xff data"


@pytest.fixture(params=[True, False], ids=["with handles of folders", "without them"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a server with a picture in it and in a folder inside, beside a secret."""
    monkeypatch.setattr(files, "HAS_FOLDER_HANDLES", request.param)
    allowed = tmp_path / "allowed"
    (allowed / "deeper").mkdir(parents=True)
    (allowed / "cat.jpg").write_bytes(DATA)
    (allowed / "deeper" / "dog.jpg").write_bytes(DATA)
    (tmp_path / "allowed-too").mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (tmp_path / "allowed-too" / "secret.jpg").write_bytes(b"secret")
    return allowed


def read(folder: Path, path: str) -> bytes:
    """The bytes of a file that a call names."""
    with Folders([folder]).open_file(path) as file:
        return file.read()


def write(
    folder: Path, path: str, *, overwrite: bool = False, meanwhile: Callable[[], object] = lambda: None
) -> None:
    """Write the file that a call names; something else happens while it is being written."""
    with Folders([folder]).new_file(path, overwrite=overwrite) as file:
        file.write(b"new")
        meanwhile()


@pytest.mark.parametrize("path", ["cat.jpg", "deeper/dog.jpg", "./deeper/../cat.jpg", "deeper/link.jpg"])
def test_a_file_below_the_folder_is_read(folder: Path, path: str) -> None:
    (folder / "deeper" / "link.jpg").symlink_to(folder / "cat.jpg")

    assert read(folder, path) == read(folder, str(folder / path)) == DATA


OUTSIDE = [
    "../secret.jpg",
    "deeper/../../secret.jpg",
    "../allowed-too/secret.jpg",
    "link.jpg",
    "linked/secret.jpg",
    "loop",
    "missing.jpg",
    "cat.jpg/inside",
    "/etc/passwd",
    "/proc/self/environ",
    "~/secret.jpg",
    "cat.jpg\0.png",
    "x" * 5_000,
    "/".join(["deeper", ".."] * 3_000),
    "",
    ".",
    "deeper",
]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: path[:20])
def test_anything_else_is_not_read(folder: Path, path: str) -> None:
    (folder / "link.jpg").symlink_to("../secret.jpg")
    (folder / "linked").symlink_to(folder.parent)
    (folder / "loop").symlink_to("loop")

    with pytest.raises(ToolError) as failed:
        read(folder, path)

    assert [each.field for each in failed.value.fields] == ["path"]


@pytest.mark.parametrize("absolute", ["secret.jpg", "allowed-too/secret.jpg"])
def test_an_absolute_path_beside_the_folder_is_not_read(folder: Path, absolute: str) -> None:
    with pytest.raises(ToolError):
        read(folder, str(folder.parent / absolute))


def test_special_files_are_not_read(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))

        for name in ("pipe", "socket"):
            with pytest.raises(ToolError):
                read(folder, name)


def test_a_file_that_is_too_large_is_not_read(folder: Path) -> None:
    with (folder / "huge.jpg").open("wb") as file:
        file.truncate(files.MAX_FILE_BYTES + 1)

    with pytest.raises(ToolError) as failed:
        read(folder, "huge.jpg")

    assert "larger than" in failed.value.fields[0].problem


def test_a_link_that_replaces_a_folder_after_the_check_leads_nowhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = Folders([folder])
    resolve = Path.resolve
    (folder.parent / "allowed-too" / "dog.jpg").write_bytes(b"secret")

    def resolve_and_swap(self: Path, strict: bool = False) -> Path:
        real = resolve(self, strict=strict)
        if self.name == "dog.jpg" and not (folder / "deeper").is_symlink():
            (folder / "deeper").rename(folder / "moved")
            (folder / "deeper").symlink_to(folder.parent / "allowed-too")
        return real

    monkeypatch.setattr(Path, "resolve", resolve_and_swap)

    with pytest.raises(ToolError), folders.open_file("deeper/dog.jpg") as file:
        file.read()


@pytest.mark.parametrize("path", ["new.jpg", "deeper/new.jpg", "deeper/../new.jpg"])
def test_a_new_file_appears_when_it_is_complete(folder: Path, path: str) -> None:
    with Folders([folder]).new_file(path, overwrite=False) as file:
        file.write(b"new")
        early = (folder / path).exists()

    assert (early, (folder / path).read_bytes()) == (False, b"new")
    assert [each.name for each in folder.rglob("*.part")] == []


def test_after_a_failure_there_is_no_file(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        write(folder, "new.jpg", meanwhile=lambda: 1 / 0)

    assert sorted(each.name for each in folder.iterdir()) == ["cat.jpg", "deeper"]


@pytest.mark.parametrize(
    "path",
    [
        "../new.jpg",
        "linked/new.jpg",
        "missing/new.jpg",
        "/etc/new.jpg",
        "",
        ".",
        "..",
        "deeper/..",
        "a\0b",
        "deeper",
    ],
)
def test_nothing_is_written_elsewhere(folder: Path, path: str) -> None:
    (folder / "linked").symlink_to(folder.parent)
    before = sorted(folder.parent.rglob("*"))

    with pytest.raises(ToolError):
        write(folder, path, overwrite=True)

    assert sorted(folder.parent.rglob("*")) == before


def test_an_existing_file_is_replaced_only_on_request(folder: Path) -> None:
    with pytest.raises(ToolError) as failed:
        write(folder, "cat.jpg")
    before = (folder / "cat.jpg").read_bytes()
    write(folder, "cat.jpg", overwrite=True)

    assert "set overwrite" in str(failed.value.advice)
    assert "--folder" not in str(failed.value.advice)
    assert (before, (folder / "cat.jpg").read_bytes()) == (DATA, b"new")


def test_a_link_is_not_written_through(folder: Path) -> None:
    secret = folder.parent / "secret.jpg"
    (folder / "link.jpg").symlink_to(secret)

    with pytest.raises(ToolError):
        write(folder, "link.jpg", overwrite=True)

    assert secret.read_bytes() == b"secret"


def test_a_file_that_another_program_creates_meanwhile_stays(folder: Path) -> None:
    with pytest.raises(ToolError) as failed:
        write(folder, "new.jpg", meanwhile=lambda: (folder / "new.jpg").write_bytes(b"other"))

    assert "another program" in failed.value.fields[0].problem
    assert (folder / "new.jpg").read_bytes() == b"other"


def test_a_name_that_the_system_refuses_is_an_error_of_the_call(folder: Path) -> None:
    with pytest.raises(ToolError):
        write(folder, "x" * 300)


def test_the_folders_of_a_server_must_exist(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA)

    with pytest.raises(FileNotFoundError):
        Folders([tmp_path / "missing"])
    with pytest.raises(NotADirectoryError):
        Folders([tmp_path / "file"])


def test_a_relative_path_may_be_of_any_of_the_folders(folder: Path) -> None:
    folders = Folders([folder, folder / "deeper"])

    with folders.open_file("dog.jpg") as file:
        assert file.read() == DATA


def windows_paths() -> Iterator[tuple[str, bool]]:
    """Paths, and whether all their names are plain on Windows."""
    for path in (
        "cat.jpg",
        r"deeper\cat.jpg",
        r"C:\Users\me\cat.jpg",
        r"\\server\share\cat.jpg",
        "..",
        "con-fetti.jpg",
    ):
        yield path, True
    for path in (
        "nul",
        "CONIN$",
        "deeper/conout$.jpg",
        "CON.jpg",
        r"deeper\lpt1 .txt",
        "cat.jpg:stream",
        r"C:\a\cat.jpg::$DATA",
        "cat.jpg.",
        "cat. ",
    ):
        yield path, False


@pytest.mark.parametrize(("path", "is_plain"), list(windows_paths()))
def test_devices_and_streams_of_windows_are_recognized(path: str, is_plain: bool) -> None:
    assert is_plain_on_windows(path) is is_plain
