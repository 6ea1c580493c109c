"""Workers of the emulator share layers that are unpacked once."""

import io
import tempfile
import zipfile
from pathlib import Path

import pytest

from local.inside_emulator.layers import SharedZip

MEMBERS = {"python/package/module.py": b"answer = 42", "python/other.py": b"", "readme": b"of a layer"}


@pytest.fixture
def layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in MEMBERS.items():
            archive.writestr(name, content)
    path = tmp_path / "layer.zip"
    path.write_bytes(data.getvalue())
    return path


def unpacked(layer: Path, name: str) -> Path:
    folder = layer.parent / name
    folder.mkdir()
    with SharedZip(str(layer)) as opened:
        opened.extractall(folder)
    return folder


def test_every_worker_sees_all_members(layer: Path) -> None:
    for name in ("first", "second"):
        folder = unpacked(layer, name)

        assert {member: (folder / member).read_bytes() for member in MEMBERS} == MEMBERS


def test_workers_share_one_copy(layer: Path) -> None:
    first, second = (unpacked(layer, name) / "python/other.py" for name in ("first", "second"))

    assert first.samefile(second)


def test_a_worker_that_ends_leaves_the_files_of_others(layer: Path) -> None:
    first, second = (unpacked(layer, name) for name in ("first", "second"))

    for link in first.iterdir():
        link.unlink()

    assert (second / "readme").read_bytes() == MEMBERS["readme"]


def test_a_changed_layer_is_unpacked_separately(layer: Path) -> None:
    unpacked(layer, "first")
    with zipfile.ZipFile(layer, "a") as changed:
        changed.writestr("new", b"member")

    assert (unpacked(layer, "second") / "new").read_bytes() == b"member"


def test_paths_are_checked_only_before_the_first_unpacking(layer: Path) -> None:
    with SharedZip(str(layer)) as opened:
        before = opened.namelist()
        opened.extractall(layer.parent)

        assert (set(before), opened.namelist()) == (set(MEMBERS), [])
