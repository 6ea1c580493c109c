"""Save layers as files beside the state, as MiniStack saves functions.

MiniStack writes layers into its JSON. These are a hundred megabytes, which every save and every start would encode and
decode.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from local.inside_emulator.layers import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDER = "layers"
DATA = "_zip_data"


def keep_layers_in_files(state_dir: Path) -> None:
    """Put the names of files in place of layers in the saved state; states with whole layers can still be read."""
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    state_of, restore = functions.get_state, functions.load_persisted_state
    files = LayerFiles(state_dir / FOLDER)

    def state_with_names() -> dict[str, Any]:
        state: dict[str, Any] = state_of()
        files.write(state["layers"]._data.values())
        return state

    def restore_with_layers(state: dict[str, Any]) -> None:
        if "layers" in state:
            files.read(state["layers"]._data.values())
        restore(state)

    functions.get_state = state_with_names
    functions.load_persisted_state = restore_with_layers


class LayerFiles:
    """The archives of layers in a folder, named by their content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, layers: Iterable[dict[str, Any]]) -> None:
        """Write the archives of layers, put their names in place, and delete all other files."""
        self._folder.mkdir(exist_ok=True)
        names = set()
        for version in versions_of(layers):
            name = digest_of(version[DATA])
            self._write(name, version[DATA])
            names.add(name)
            version[DATA] = {"file": name}
        for path in self._folder.iterdir():
            if path.name not in names:
                path.unlink()

    def _write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        if path.exists():
            return
        half_written = path.with_suffix(".new")
        try:
            half_written.write_bytes(data)
            half_written.replace(path)
        except OSError:
            half_written.unlink(missing_ok=True)  # on a full disk it takes space
            raise

    def read(self, layers: Iterable[dict[str, Any]]) -> None:
        """Put archives in place of their names."""
        for version in versions_of(layers):
            if isinstance(version[DATA], dict):
                version[DATA] = (self._folder / version[DATA]["file"]).read_bytes()


def versions_of(layers: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Yield all versions of layers that have an archive."""
    return (version for layer in layers for version in layer["versions"] if version[DATA])
