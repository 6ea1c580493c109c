"""The index of an export: JSON lines, the last line of an image counts."""

from __future__ import annotations

import fcntl
import json
import threading
from dataclasses import asdict, dataclass, fields
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from image_store_cli.errors import UsageError
from image_store_client.downloads import whole_file

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

INDEX = "export.json"
LOCK = ".image-store-export.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """An image of the export: which version of it is in which file."""

    id: str
    store: str
    owner_id: str
    created_at: str
    etag: str
    rendition: str
    file: str
    """The path in the folder, with `/`."""
    size_bytes: int
    """Of the file."""
    sha256: str
    """Of the file."""


_TYPES: dict[str, type] = {
    each.name: int if each.name == "size_bytes" else str for each in fields(IndexEntry)
}


def read_entries(path: Path) -> dict[str, IndexEntry]:
    """Read the entries by image, in the order of the file; none if there is no index.

    A damaged line, or one whose path leads out of the folder, is ignored: that image is exported again.
    """
    entries: dict[str, IndexEntry] = {}
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if (entry := _entry(line)) is not None:
                    entries[entry.id] = entry
    except FileNotFoundError:
        return {}
    except OSError as failed:
        raise UsageError(f"{path} cannot be read: {failed.strerror}.") from failed
    return entries


def is_inside(file: str) -> bool:
    """Whether a path of an index stays in the folder."""
    path = PurePosixPath(file)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\0" not in file


def _entry(line: str) -> IndexEntry | None:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or values.keys() != _TYPES.keys():
        return None
    if any(type(values[name]) is not kind for name, kind in _TYPES.items()) or not is_inside(values["file"]):
        return None
    return IndexEntry(**values)


class ExportIndex:
    """The index of a folder, locked by one export; a context manager. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / INDEX
        self._lines = threading.Lock()
        self._lock = self._locked(folder / LOCK)
        try:
            self.entries = read_entries(self._path)
            self._file = self._path.open("a", encoding="utf-8")
            if self._ends_in_a_line():
                self._file.write("\n")
        except OSError as failed:
            self._lock.close()
            raise UsageError(f"{self._path} cannot be written: {failed.strerror}.") from failed
        except UsageError:
            self._lock.close()
            raise

    def __enter__(self) -> ExportIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._lock.close()

    def note(self, entry: IndexEntry) -> None:
        """Add the line of an image whose files are complete; OSError if it cannot be written."""
        line = _line(entry)
        with self._lines:
            self._file.write(line)
            self._file.flush()
            self.entries[entry.id] = entry

    def remove(self, image_id: str) -> None:
        """Forget an image. The line stays until `compact`, and until then it names a file that is missing."""
        with self._lines:
            self.entries.pop(image_id, None)

    def compact(self) -> None:
        """Replace the index by one with a line for each image, the oldest first."""
        ordered = sorted(self.entries.values(), key=lambda entry: entry.id)
        with whole_file(self._path, overwrite=True) as file:
            for entry in ordered:
                file.write(_line(entry).encode())

    def _ends_in_a_line(self) -> bool:
        """Whether the last line was cut off."""
        with self._path.open("rb") as file:
            if file.seek(0, 2) == 0:
                return False
            file.seek(-1, 2)
            return file.read() != b"\n"

    def _locked(self, path: Path) -> IO[Any]:
        try:
            file = path.open("a")
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise UsageError(
                "An export into this folder is running already: wait for it, or stop it."
            ) from None
        except OSError as failed:
            raise UsageError(f"{path} cannot be written: {failed.strerror}.") from failed
        return file


def _line(entry: IndexEntry) -> str:
    return json.dumps(asdict(entry)) + "\n"
