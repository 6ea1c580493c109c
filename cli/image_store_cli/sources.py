"""What is to be uploaded: files, folders, patterns and stdin, as a list of pictures."""

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
class Picture:
    """One file to upload; `name` is how the person called it, `filename` what the store will call it."""

    path: Path
    name: str
    filename: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Found:
    """The pictures, and the files of folders that are none."""

    pictures: list[Picture]
    skipped: list[str]


def find(words: Sequence[str], *, hidden: bool = False) -> Found:
    """Every picture once, in order. UsageError for a name that leads nowhere or to a file that is no picture.

    Folders are searched to their depths without following links to folders; what is no picture in them is skipped,
    and so is what begins with a dot unless `hidden`. Patterns are for shells that leave them alone.
    """
    pictures: dict[Path, Picture] = {}
    skipped: list[str] = []
    for word in words:
        for path, named in _paths(word, hidden=hidden):
            real = path.resolve()
            if real in pictures:
                continue
            kind = _kind(path)
            if kind is not None:
                pictures[real] = Picture(path, str(path), path.name, kind)
            elif named:
                raise UsageError(f"{path} is no {TAKEN} file.")
            else:
                skipped.append(str(path))
    return Found(list(pictures.values()), skipped)


def from_stdin(folder: Path, stream: IO[bytes] | None = None, *, filename: str | None = None) -> Picture:
    """The picture on stdin, kept in a folder while it is uploaded."""
    kept = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115 - it outlives this function
    with kept:
        shutil.copyfileobj(stream or sys.stdin.buffer, kept)
    path = Path(kept.name)
    kind = _kind(path)
    if kind is None:
        raise UsageError(f"What came from stdin is no {TAKEN} picture.")
    return Picture(path, STDIN, filename or f"stdin.{EXTENSIONS[kind]}", kind)


def _paths(word: str, *, hidden: bool) -> Iterator[tuple[Path, bool]]:
    """The files that a word means, each with whether it was named itself."""
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
