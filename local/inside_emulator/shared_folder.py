"""A folder in which all stacks of a checkout keep what they derive from the same build.

Entries are named by their content and never changed. A process locks each entry that it uses until it ends. The next
start deletes entries that no process uses any more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT_SECONDS = 3600.0
"""Entries that no process uses are kept for this long after they were made: the next stack may need them."""
HALF_MADE = "half-made-"


class SharedFolder:
    """Entries of the folder ``path``, each of which is a folder; safe for several processes and threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._used: dict[str, int] = {}
        path.mkdir(parents=True, exist_ok=True)

    def find(self, name: str) -> Path | None:
        """Return the entry of this name and keep it until this process ends; None if there is none."""
        entry = self._path / name
        if name in self._used:
            return entry
        try:
            lock = os.open(entry, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            return None
        fcntl.flock(lock, fcntl.LOCK_SH)
        if not is_still(entry, lock):  # it was deleted before it was locked
            os.close(lock)
            return None
        self._used[name] = lock
        return entry

    def add(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return the entry of this name, which `make` fills if no other process or thread is faster."""
        while True:
            new = Path(tempfile.mkdtemp(prefix=HALF_MADE, dir=self._path))
            try:
                make(new)
                with suppress(OSError):  # another one was faster
                    new.rename(self._path / name)
            finally:
                shutil.rmtree(new, ignore_errors=True)
            if (entry := self.find(name)) is not None:
                return entry

    def delete_unused(self, *, older_than: float = KEPT_SECONDS) -> None:
        """Delete the entries that no process uses and that were made earlier than some seconds ago."""
        for entry in self._path.iterdir():
            with suppress(FileNotFoundError):
                if time.time() - entry.stat().st_mtime > older_than:
                    self._delete(entry)

    def _delete(self, entry: Path) -> None:
        lock = os.open(entry, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        else:
            doomed = tempfile.mkdtemp(prefix=HALF_MADE, dir=self._path)
            entry.rename(doomed)  # nobody finds half an entry
            shutil.rmtree(doomed, ignore_errors=True)
        finally:
            os.close(lock)


def is_still(path: Path, descriptor: int) -> bool:
    """Return whether a path is still that of an open folder."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
