"""Unpack layers and code once, not once for every worker that runs them.

MiniStack gives each worker a copy of its layers. These are thousands of files, which take longer than the cold start
itself. Here a worker's folders are links into one copy, similar to Lambda, where `/opt` is read-only.
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
    """Let workers share unpacked archives, which are beside their own folders in the temporary directory."""
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    runtime.zipfile = SimpleNamespace(
        ZipFile=SharedZip, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile
    )


class SharedZip(zipfile.ZipFile):
    """A zip that is extracted as links to an earlier extraction of the same bytes."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()
        self._shared = Path(tempfile.gettempdir()) / "unpacked" / digest

    def namelist(self) -> list[str]:
        """Members that are not yet unpacked, whose paths MiniStack checks."""
        return [] if self._shared.exists() else super().namelist()

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        """Fill a folder with links to the shared extraction."""
        if not self._shared.exists():
            self._shared.parent.mkdir(exist_ok=True)
            unpacked = Path(tempfile.mkdtemp(dir=self._shared.parent))
            super().extractall(unpacked, members, pwd)
            with suppress(OSError):  # another worker was faster
                unpacked.rename(self._shared)
            shutil.rmtree(unpacked, ignore_errors=True)
        for member in self._shared.iterdir():
            Path(path, member.name).symlink_to(member)
