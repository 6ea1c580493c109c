"""Files, folders, patterns and stdin as pictures."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from image_store_cli.errors import UsageError
from image_store_cli.uploads import picture_files
from image_store_client.media import media_type
from tests.pictures import jpeg, png, webp

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures in two folders, one with a wrong name, one hidden, and a text."""
    (tmp_path / "deeper").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "b.jpg").write_bytes(jpeg(20, 20))
    (tmp_path / "a.txt").write_bytes(png(20, 20))
    (tmp_path / "notes.jpg").write_text("no picture")
    (tmp_path / "deeper/c.webp").write_bytes(webp(20, 20))
    (tmp_path / ".hidden/d.jpg").write_bytes(jpeg(21, 20))
    return tmp_path


def names(selection: picture_files.Selection) -> list[str]:
    """The file names of what was found."""
    return [picture.filename for picture in selection.pictures]


def test_a_folder_is_searched_to_its_depths_by_what_files_hold(folder: Path) -> None:
    selection = picture_files.find([str(folder)])

    assert names(selection) == ["a.txt", "b.jpg", "c.webp"]
    assert [picture.content_type for picture in selection.pictures] == [
        "image/png",
        "image/jpeg",
        "image/webp",
    ]
    assert [name.rpartition("/")[2] for name in selection.skipped] == ["notes.jpg"]
    assert "d.jpg" in names(picture_files.find([str(folder)], hidden=True))


def test_what_is_named_twice_is_uploaded_once(folder: Path) -> None:
    selection = picture_files.find([str(folder / "b.jpg"), str(folder), str(folder / "**/*.jpg")])

    assert names(selection).count("b.jpg") == 1


def test_a_pattern_that_the_shell_left_alone_is_resolved(folder: Path) -> None:
    assert names(picture_files.find([str(folder / "**/*.webp")])) == ["c.webp"]


@pytest.mark.parametrize(
    ("word", "complaint"),
    [("none.jpg", "no file or folder"), ("*.gif", "No file matches"), ("notes.jpg", "is a text")],
)
def test_a_name_that_matches_nothing_is_reported_and_does_not_affect_others(
    folder: Path, word: str, complaint: str
) -> None:
    selection = picture_files.find([str(folder / word), str(folder / "b.jpg")])

    assert names(selection) == ["b.jpg"]
    [bad] = selection.bad
    assert bad.name == str(folder / word)
    assert complaint in bad.error.message


def test_stdin_is_kept_and_named_by_its_kind(tmp_path: Path) -> None:
    picture = picture_files.from_stdin(tmp_path, BytesIO(png(20, 20)))

    assert (picture.filename, picture.content_type, picture.path.read_bytes()) == (
        "stdin.png",
        "image/png",
        png(20, 20),
    )
    with pytest.raises(UsageError, match="The data on stdin"):
        picture_files.from_stdin(tmp_path, BytesIO(b"text"))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"GIF89a" + b"\0" * 20, "image/gif"),
        (b"\0\0\0\x20ftypavif" + b"\0" * 20, "image/avif"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avif" + b"\0" * 8, "image/avif"),
        (b"\0\0\0\x20ftypheic\0\0\0\0mif1heic" + b"\0" * 8, None),
        (b"<svg", None),
        (b"", None),
    ],
)
def test_a_kind_is_known_by_how_a_file_begins(head: bytes, kind: str | None) -> None:
    assert media_type(head) == kind
