"""Layers are saved as files beside the state."""

from pathlib import Path
from typing import Any

import pytest

from local.inside_emulator.layer_files import LayerFiles


def layer(*archives: bytes | None) -> dict[str, Any]:
    return {"versions": [{"Version": number, "_zip_data": data} for number, data in enumerate(archives)]}


@pytest.fixture
def files(tmp_path: Path) -> LayerFiles:
    return LayerFiles(tmp_path / "layers")


def test_layers_are_read_as_they_were_written(files: LayerFiles) -> None:
    layers = [layer(b"one", b"two"), layer(b"one"), layer(None)]

    files.write(layers)
    names = [version["_zip_data"] for each in layers for version in each["versions"]]
    files.read(layers)

    assert all(isinstance(name, dict) for name in names[:3])
    assert layers == [layer(b"one", b"two"), layer(b"one"), layer(None)]


def test_files_of_deleted_layers_are_deleted(files: LayerFiles, tmp_path: Path) -> None:
    files.write([layer(b"one"), layer(b"two")])

    files.write([layer(b"two")])

    [path] = (tmp_path / "layers").iterdir()
    assert path.read_bytes() == b"two"


def test_a_state_that_has_whole_layers_is_read_too(files: LayerFiles) -> None:
    layers = [layer(b"one")]

    files.read(layers)

    assert layers == [layer(b"one")]
