"""The journal of an upload on disk, by which the same command resumes after an interruption.

Each upload (store, caller, files and attributes) has one file of JSON lines. A line is added for each stored picture,
and the file is removed at the end. A line that a power cut left incomplete is ignored: the picture is sent again, and
its idempotency key makes it the same image.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_store_cli.errors import UsageError
from image_store_cli.settings.state_folder import state_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

BEGUN, STORED = "begun", "stored"


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture: its file when it was read, its checksum, and its image if there is one."""

    path: str
    size: int
    mtime_ns: int
    sha256: str
    state: str
    id: str | None = None

    def is_of(self, stat: os.stat_result) -> bool:
        """Whether the file has not changed since it was read."""
        return (self.size, self.mtime_ns) == (stat.st_size, stat.st_mtime_ns)


class Journal:
    """The journal of one upload, locked by one process; a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, Entry] = {}
        self._lock = threading.Lock()
        self._file = self._open()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def note(self, entry: Entry) -> None:
        """Write the state of a picture at once; safe to use from several threads."""
        line = json.dumps({name: getattr(entry, name) for name in Entry.__slots__}, ensure_ascii=True)
        with self._lock:
            self.entries[entry.path] = entry
            self._file.write(line + "\n")
            self._file.flush()  # it survives this process; after a power cut the picture is sent again

    def remove(self) -> None:
        """Remove the journal of a finished upload."""
        self.path.unlink(missing_ok=True)

    def _open(self) -> Any:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self.path.open("a+")
        os.chmod(self.path, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise UsageError("The same upload is running already: wait for it, or stop it.") from None
        file.seek(0)
        text = file.read()
        for line in text.splitlines():
            if (entry := _entry(line)) is not None:
                self.entries[entry.path] = entry
        if text and not text.endswith("\n"):
            file.write("\n")
        return file


def _entry(line: str) -> Entry | None:
    try:
        values = json.loads(line)
        return Entry(**values)
    except (ValueError, TypeError):
        return None


def default_path(environment: Mapping[str, str], *identity: str) -> Path:
    """Return the path of an upload's journal, which is the same for the same command."""
    return (
        state_folder(environment)
        / "uploads"
        / f"{hashlib.sha256('\0'.join(identity).encode(errors='surrogateescape')).hexdigest()[:32]}.jsonl"
    )
