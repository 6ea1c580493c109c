"""Finds the pictures to upload in files, folders, patterns and stdin."""

from __future__ import annotations

import glob
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from image_store_cli.errors import UsageError
from image_store_client.media import EXTENSIONS, HEAD_BYTES, media_type, refusal_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STDIN = "-"


@dataclass(frozen=True, slots=True)
class PictureFile:
    """One file to upload; `name` is its name on the command line, `filename` its name in the store."""

    path: Path
    name: str
    filename: str
    content_type: str

    def renamed(self, name: str) -> PictureFile:
        """The same file with another name on the command line, which its idempotency key is made from."""
        return replace(self, name=name)


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file that cannot be uploaded, by its name on the command line, and the reason."""

    name: str
    error: UsageError


@dataclass(frozen=True, slots=True)
class Selection:
    """The pictures, the files that cannot be uploaded, and the skipped files in folders."""

    pictures: list[PictureFile]
    bad: list[BadFile]
    skipped: list[str]


def find(words: Sequence[str], *, hidden: bool = False) -> Selection:
    """Find every picture once, in order; a bad file does not stop the others.

    Folders are searched with their subfolders, but links to folders are not followed. In folders, files of other types
    are skipped, and so are names that begin with a dot unless `hidden`. Patterns that no shell expanded are expanded.
    """
    selection = Selection([], [], [])
    resolved: set[Path] = set()
    for word in words:
        try:
            for path, is_named in _paths(word, hidden=hidden):
                real = path.resolve()
                if real not in resolved:
                    resolved.add(real)
                    _sort(path, selection, is_named=is_named)
        except UsageError as wrong:
            selection.bad.append(BadFile(word, wrong))
    return selection


def _sort(path: Path, selection: Selection, *, is_named: bool) -> None:
    """Add a file to the pictures, the bad files or the skipped files."""
    try:
        head = _head(path)
    except UsageError as unreadable:
        selection.bad.append(BadFile(str(path), unreadable))
        return
    kind = media_type(head)
    if kind is None and not is_named:
        selection.skipped.append(str(path))
    elif kind is None:
        selection.bad.append(BadFile(str(path), UsageError(refusal_of(head, str(path)))))
    elif not _is_text(path.name):
        reason = f"The name {path} is not UTF-8: rename the file, or send it on stdin with --filename."
        selection.bad.append(BadFile(str(path), UsageError(reason)))
    else:
        selection.pictures.append(PictureFile(path, str(path), path.name, kind))


def _is_text(name: str) -> bool:
    """Whether a file name is text; Python represents other bytes by lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def from_stdin(folder: Path, stream: IO[bytes] | None = None, *, filename: str | None = None) -> PictureFile:
    """Save the picture on stdin in a folder, from which it is uploaded."""
    file = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115 - it outlives this function
    with file:
        shutil.copyfileobj(stream or sys.stdin.buffer, file)
    path = Path(file.name)
    head = _head(path)
    kind = media_type(head)
    if kind is None:
        raise UsageError(refusal_of(head, "The data on stdin"))
    return PictureFile(path, STDIN, filename or f"stdin.{EXTENSIONS[kind]}", kind)


def _paths(word: str, *, hidden: bool) -> Iterator[tuple[Path, bool]]:
    """List the files of an argument, each with whether the argument is its name."""
    path = Path(word)
    if path.is_dir():
        yield from ((file, False) for file in _files_below(path, hidden=hidden))
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


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError as unreadable:
        raise UsageError(f"{path} cannot be read: {unreadable.strerror}.") from unreadable
