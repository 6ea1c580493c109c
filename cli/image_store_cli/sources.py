"""Find the pictures to upload in files, folders, patterns and stdin."""

from __future__ import annotations

import glob
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from image_store_cli.errors import UsageError
from image_store_cli.media import EXTENSIONS, HEAD_BYTES, TAKEN, media_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STDIN = "-"


@dataclass(frozen=True, slots=True)
class PictureFile:
    """One file to upload; `name` is how the person called it, `filename` what the store will call it."""

    path: Path
    name: str
    filename: str
    content_type: str


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file that cannot be uploaded, by the name that the person gave it, and why."""

    name: str
    error: UsageError


@dataclass(frozen=True, slots=True)
class Selection:
    """The pictures, the files that cannot be uploaded, and the files in folders that are no pictures."""

    pictures: list[PictureFile]
    bad: list[BadFile]
    skipped: list[str]


def find(words: Sequence[str], *, hidden: bool = False) -> Selection:
    """Every picture once, in order; a bad file spoils no other.

    Folders are searched to their depths without following links to folders; what is no picture in them is skipped,
    and so is what begins with a dot unless `hidden`. Patterns are for shells that leave them alone.
    """
    found = Selection([], [], [])
    seen: set[Path] = set()
    for word in words:
        try:
            for path, named in _paths(word, hidden=hidden):
                real = path.resolve()
                if real not in seen:
                    seen.add(real)
                    _sort(path, found, named=named)
        except UsageError as wrong:
            found.bad.append(BadFile(word, wrong))
    return found


def _sort(path: Path, found: Selection, *, named: bool) -> None:
    """Put one file where it belongs."""
    try:
        kind = _kind(path)
    except UsageError as unreadable:
        found.bad.append(BadFile(str(path), unreadable))
        return
    if kind is None and not named:
        found.skipped.append(str(path))
    elif kind is None:
        found.bad.append(BadFile(str(path), UsageError(f"{path} is no {TAKEN} file.")))
    elif not _is_text(path.name):
        reason = f"The name {path} is not UTF-8: rename the file, or send it on stdin with --filename."
        found.bad.append(BadFile(str(path), UsageError(reason)))
    else:
        found.pictures.append(PictureFile(path, str(path), path.name, kind))


def _is_text(name: str) -> bool:
    """Whether a name of the file system is text; Python keeps other bytes as halves of pairs."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def from_stdin(folder: Path, stream: IO[bytes] | None = None, *, filename: str | None = None) -> PictureFile:
    """Save the picture on stdin in a folder while it is uploaded."""
    kept = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115 - it outlives this function
    with kept:
        shutil.copyfileobj(stream or sys.stdin.buffer, kept)
    path = Path(kept.name)
    kind = _kind(path)
    if kind is None:
        raise UsageError(f"What came from stdin is no {TAKEN} picture.")
    return PictureFile(path, STDIN, filename or f"stdin.{EXTENSIONS[kind]}", kind)


def _paths(word: str, *, hidden: bool) -> Iterator[tuple[Path, bool]]:
    """List the files of an argument, each with whether it was named itself."""
    path = Path(word)
    if path.is_dir():
        yield from ((found, False) for found in _files_below(path, hidden=hidden))
    elif path.exists():
        yield path, True
    elif glob.has_magic(word):
        matches = sorted(glob.glob(word, recursive=True, include_hidden=hidden))
        if not matches:
            raise UsageError(f"No file matches {word}.")
        for match in matches:
            if Path(match).is_file():
                yield Path(match), False
    else:
        raise UsageError(f"There is no file or folder {word}.")


def _files_below(folder: Path, *, hidden: bool) -> Iterator[Path]:
    for current, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if hidden or not name.startswith("."))
        for name in sorted(files):
            path = Path(current, name)
            if (hidden or not name.startswith(".")) and path.is_file():
                yield path


def _kind(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return media_type(file.read(HEAD_BYTES))
    except OSError as unreadable:
        raise UsageError(f"{path} cannot be read: {unreadable.strerror}.") from unreadable
