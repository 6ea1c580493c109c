"""The parts of `image-store export` and `import folder`: names of files, the index, sidecars, and a full disk."""

from __future__ import annotations

import errno
import io
import json
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_store_cli.command_line.parser import build_parser
from image_store_cli.context import Context
from image_store_cli.display.output import Output
from image_store_cli.errors import UsageError
from image_store_cli.exports.export_run import ExportRun
from image_store_cli.exports.image_files import ImageFiles
from image_store_cli.exports.index import INDEX, ExportIndex, IndexEntry, is_inside, read_entries
from image_store_cli.exports.places import ORIGINAL, check_folders, place_of
from image_store_cli.exports.sidecars import ATTRIBUTES, NOT_EXPORTED, path_of_sidecar, read_sidecar
from image_store_cli.folder_imports.id_map import write_map
from image_store_client.schemas import Image, ImageAttributes

if TYPE_CHECKING:
    from image_store_cli.exports.image_files import ImageOutcome
    from image_store_client import ImageStore

ID = "019ca945-0a00-7000-8000-000000000001"
RESERVED = set('<>:"/\\|?*') | {chr(code) for code in range(32)}
ENTRY = IndexEntry(
    id=ID, store="https://store.example", owner_id="alice", created_at="2026-03-01T12:00:00.000Z", etag='"1"',
    rendition=ORIGINAL, file=f"2026/03/a-{ID}.jpg", size_bytes=4, sha256="0" * 64,
)  # fmt: skip


def image(**changes: Any) -> dict[str, Any]:
    """An image as far as its place depends on it."""
    return {
        "id": ID,
        "created_at": "2026-03-01T12:00:00.000Z",
        "filename": "cat.png",
        "owner_id": "alice",
    } | changes


# Names ---------------------------------------------------------------------------------------------------


@given(filename=st.text(max_size=300), owner=st.text(max_size=300))
def test_every_filename_and_owner_gives_a_name_that_every_file_system_takes(
    filename: str, owner: str
) -> None:
    place = place_of(image(filename=filename, owner_id=owner), ORIGINAL, "png", with_owner=True)

    assert len(place.parts) == 4
    for part in place.parts:
        assert not set(part) & RESERVED
        assert not part.startswith((".", " "))
        assert not part.endswith((".", " "))
        assert len(part.encode()) + len(".json") <= 160
    assert place.name.endswith(f"-{ID}.png")
    assert is_inside(str(place))


def test_owners_that_look_alike_have_folders_of_their_own() -> None:
    folders = {
        place_of(image(owner_id=owner), ORIGINAL, "png", with_owner=True).parts[0].casefold()
        for owner in ("alice", "Alice", "alice.", "alice/", "../alice")
    }

    assert len(folders) == 5


@pytest.mark.parametrize("changes", [{"id": "../../x"}, {"created_at": "../.."}, {"created_at": "2026/3"}])
def test_an_id_or_a_date_that_is_none_leads_nowhere(changes: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        place_of(image(**changes), ORIGINAL, "png", with_owner=False)


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    folder.mkdir()
    (folder / "2026").symlink_to(elsewhere)

    with pytest.raises(UsageError, match="is a link"):
        check_folders(folder, PurePosixPath(ENTRY.file))


# The index -----------------------------------------------------------------------------------------------


def test_the_last_whole_line_of_an_image_counts_and_damaged_lines_do_not(tmp_path: Path) -> None:
    with ExportIndex(tmp_path) as index:
        index.note(ENTRY)
        index.note(replace(ENTRY, etag='"2"'))
    path = tmp_path / INDEX
    outside = json.loads(path.read_text().splitlines()[0]) | {"id": "x", "file": "../../etc/passwd"}
    with path.open("a") as file:
        file.write(json.dumps(outside) + "\n[1]\n" + '{"id": 1}\n' + path.read_text().splitlines()[0][:30])

    with ExportIndex(tmp_path) as index:
        entries = dict(index.entries)
        index.note(replace(ENTRY, id="y"))
        index.compact()

    assert entries == {ID: replace(ENTRY, etag='"2"')}
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == [ID, "y"]


def test_one_export_at_a_time_writes_into_a_folder(tmp_path: Path) -> None:
    with ExportIndex(tmp_path), pytest.raises(UsageError, match="running already"):
        ExportIndex(tmp_path)


@pytest.mark.parametrize("file", ["", "/etc/passwd", "../x", "a/../../x", "a\0b"])
def test_a_path_of_an_index_stays_in_the_folder(file: str) -> None:
    assert not is_inside(file)


def test_a_folder_without_an_index_has_no_entries(tmp_path: Path) -> None:
    assert read_entries(tmp_path / INDEX) == {}


# Sidecars ------------------------------------------------------------------------------------------------


def test_every_attribute_of_an_upload_is_exported() -> None:
    assert set(ATTRIBUTES) <= set(Image.__annotations__)
    assert set(ImageAttributes.__annotations__) - set(ATTRIBUTES) <= NOT_EXPORTED


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("x" * (1024 * 1024 + 1), "more than 1024 KB"),
        ('{"format": "image-store-export/2"}', "reads image-store-export/1"),
        ('{"format": "image-store-export/1", "attributes": []}', "must be objects"),
        ('{"format": "image-store-export/1", "attributes": {"colour": "red"}}', "does not know: colour"),
        ('{"format": "image-store-export/1", "attributes": {"tags": "a"}}', "wrong type of tags"),
        ('{"format": "image-store-export/1", "attributes": {"groups": {"a": "b"}}}', "wrong type of groups"),
        ('{"format": "image-store-export/1", "attributes": {"rating": true}}', "wrong type of rating"),
        ('{"format": "image-store-export/1", "attributes": {"metadata": [1]}}', "wrong type of metadata"),
        ('{"format": "image-store-export/1", "created_at": 5}', "wrong type of created_at"),
    ],
    ids=range(11),
)
def test_a_damaged_sidecar_is_an_error_and_no_loss_of_attributes(
    tmp_path: Path, text: str, fault: str
) -> None:
    path = tmp_path / "a.jpg.json"
    path.write_text(text)

    with pytest.raises(UsageError, match=fault):
        read_sidecar(path)


def test_json_of_other_programs_and_no_json_are_no_sidecars(tmp_path: Path) -> None:
    (tmp_path / "a.jpg.json").write_text('{"title": "of another program"}')

    assert read_sidecar(path_of_sidecar(tmp_path / "a.jpg")) is None
    assert read_sidecar(path_of_sidecar(tmp_path / "b.jpg")) is None


def test_nothing_in_a_map_is_a_formula(tmp_path: Path) -> None:
    write_map(tmp_path / "ids.csv", [("=cmd()", "new", "0", '=1+1,"x".jpg')])

    assert (tmp_path / "ids.csv").read_bytes() == (
        b'old_id,id,sha256,file\r\n\'=cmd(),new,0,"./=1+1,""x"".jpg"\r\n'
    )


# The disk ------------------------------------------------------------------------------------------------


class FullDisk(ImageFiles):
    """Files on a disk that is full."""

    def write(self, store: ImageStore, image_id: str, index: ExportIndex) -> ImageOutcome:
        raise OSError(errno.ENOSPC, "No space left on device", f"/disk/{image_id}")


def test_a_full_disk_ends_the_export_at_once(tmp_path: Path) -> None:
    out, cards = io.StringIO(), iter([{"id": str(number)} for number in range(1_000)])
    context = Context(
        build_parser().parse_args(["export", "x"]), environment={}, out=Output(stdout=out, stderr=out)
    )
    files = FullDisk(tmp_path, {}, rendition=ORIGINAL, with_owners=False, include_trashed=False)
    with ExportIndex(tmp_path) as index:
        export_run = ExportRun(context, tmp_path, files, index, parallel=2)

        with pytest.raises(UsageError, match="cannot be written: No space left on device"):
            export_run.export(cast("ImageStore", None), cast("Any", cards))

    assert len(list(cards)) > 980
