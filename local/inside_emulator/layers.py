"""Layers and code are unpacked once, and not once for every worker that runs them.

MiniStack gives each worker a copy of its layers, thousands of files, which takes longer than the cold start itself.
Here a worker's folders are links into one copy of each, as on Lambda, where many environments share what is below
`/opt` and none may write there.
"""

from __future__ import annotations

import hashlib
import importlib
import shutil
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def unpack_layers_once() -> None:
    """Let workers share what they run; it lies beside their own folders, in the temporary directory."""
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    runtime.zipfile = SimpleNamespace(
        ZipFile=SharedZip, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile
    )


class SharedZip(zipfile.ZipFile):
    """A zip whose extraction links to what an earlier extraction of the same bytes has left."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()
        self._shared = Path(tempfile.gettempdir()) / "unpacked" / digest

    def namelist(self) -> list[str]:
        """The members that are still to be unpacked: MiniStack looks where each would lead."""
        return [] if self._shared.exists() else super().namelist()

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        """Fill a folder with links."""
        if not self._shared.exists():
            self._shared.parent.mkdir(exist_ok=True)
            mine = Path(tempfile.mkdtemp(dir=self._shared.parent))
            super().extractall(mine, members, pwd)
            with suppress(OSError):  # another worker was faster
                mine.rename(self._shared)
            shutil.rmtree(mine, ignore_errors=True)
        for found in self._shared.iterdir():
            Path(path, found.name).symlink_to(found)
