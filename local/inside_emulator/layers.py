"""Unpack layers and code once, not once for every worker that runs them.

MiniStack writes the archives of a function for each of its workers and unpacks them there. These are thousands of
files, which take longer than the cold start itself. Here a worker's folders are links into one copy for all stacks of
a checkout, similar to Lambda, where `/opt` is read-only.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib
import io
import zipfile
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from local.inside_emulator.shared_folder import SharedFolder

ARCHIVES = 256
"""How many archives are remembered by their content; a deployment has about 40."""


def unpack_layers_once(shared: SharedFolder) -> None:
    """Let workers share unpacked archives, which no worker writes to its own folder any more."""
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    archives = Archives(shared)
    runtime.open = archives.open
    runtime.zipfile = SimpleNamespace(
        ZipFile=archives.archive, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile
    )
    # Every function's creation adds up the sizes of its layers.
    functions._unzipped_size = lru_cache(ARCHIVES)(functions._unzipped_size)


class Archives:
    """Archives that MiniStack writes and then unpacks; between the two they are only in memory."""

    def __init__(self, shared: SharedFolder) -> None:
        self._shared = shared
        self._written: dict[str, bytes] = {}

    def open(self, path: str, mode: str = "r", **options: Any) -> Any:
        """Open a file; an archive that is written stays in memory until it is unpacked."""
        if mode == "wb" and path.endswith(".zip"):
            return WrittenArchive(path, self._written)
        return builtins.open(path, mode, **options)

    def archive(self, path: str) -> SharedArchive:
        """Return the archive that was just written to a path."""
        return SharedArchive(self._written.pop(path), self._shared)


class WrittenArchive:
    """A file that keeps what is written to it in memory."""

    def __init__(self, path: str, written: dict[str, bytes]) -> None:
        self._path = path
        self._written = written

    def write(self, data: bytes) -> int:
        """Keep the whole content of the file."""
        self._written[self._path] = data
        return len(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class SharedArchive:
    """A zip that is extracted as links to an earlier extraction of the same bytes."""

    def __init__(self, data: bytes, shared: SharedFolder) -> None:
        self._data = data
        self._shared = shared
        self._name = digest_of(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def namelist(self) -> list[str]:
        """Members that are not yet unpacked, whose paths MiniStack checks."""
        if self._shared.find(self._name) is not None:
            return []
        with zipfile.ZipFile(io.BytesIO(self._data)) as archive:
            return archive.namelist()

    def extractall(self, path: str) -> None:
        """Fill a folder with links to the shared extraction."""
        unpacked = self._shared.find(self._name) or self._shared.add(self._name, self._unpack)
        for member in unpacked.iterdir():
            Path(path, member.name).symlink_to(member)

    def _unpack(self, folder: Path) -> None:
        with zipfile.ZipFile(io.BytesIO(self._data)) as archive:
            archive.extractall(folder)


@lru_cache(ARCHIVES)
def digest_of(data: bytes) -> str:
    """Return the hash of an archive; equal bytes are hashed once."""
    return hashlib.sha256(data).hexdigest()
