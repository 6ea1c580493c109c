"""Files that the tools may read and write: regular files below the folders that the user names at start.

The path of a call comes from a model. It is resolved first, links and `..` included, and must then lie below one of
the folders. Where the system has handles of folders, each part is opened inside the part before without following
links, so that a link that appears meanwhile leads nowhere. Elsewhere the path is resolved again after opening.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import IO, TYPE_CHECKING

from image_store_mcp.tools.failures import FieldProblem, ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_FILE_BYTES = 512 * 1024 * 1024
"""Larger files are not read at all; what the store accepts is less."""
MODE_OF_NEW_FILES = 0o666
HAS_FOLDER_HANDLES = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_USE_A_FOLDER = (
    "Use a path below one of the folders of this server, or tell the user to start it with --folder."
)
_OPEN_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_OPEN_FILE = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a pipe does not wait for its writer
    | getattr(os, "O_BINARY", 0)
)
_CREATE_FILE = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)
_DEVICES = re.compile(r"(con|conin\$|conout\$|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?", re.IGNORECASE)


def is_plain_on_windows(path: str) -> bool:
    """Whether each name of a path is that of a file or folder there: no device, no stream inside a file."""
    names = PureWindowsPath(path).relative_to(PureWindowsPath(path).anchor).parts
    return all(
        name == ".." or not (_DEVICES.fullmatch(name) or ":" in name or name != name.rstrip(" ."))
        for name in names
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """An open folder, and what is to be opened in it."""

    handle: int | None
    """None where the system has none."""
    folder: Path
    name: str

    @property
    def path(self) -> str:
        """The name as the calls of the system take it together with the handle."""
        return self.name if self.handle is not None else str(self.folder / self.name)

    def beside(self, name: str) -> _Place:
        """Another name in the same folder."""
        return _Place(self.handle, self.folder, name)


class Folders:
    """The folders of one server; ToolError for every path that is not below them."""

    def __init__(self, folders: Iterable[Path]) -> None:
        """Resolve the folders; NotADirectoryError or FileNotFoundError for one that is none."""
        self.roots = [folder.expanduser().resolve(strict=True) for folder in folders]
        for root in self.roots:
            if not root.is_dir():
                raise NotADirectoryError(f"{root} is not a folder.")

    @contextmanager
    def open_file(self, path: str) -> Iterator[IO[bytes]]:
        """Open a regular file for reading."""
        target = self._resolve(path)
        with self._place(path, target) as place, _system_errors(path):
            handle = os.open(place.path, _OPEN_FILE, dir_fd=place.handle)
            with os.fdopen(handle, "rb") as file:
                facts = os.fstat(file.fileno())
                if not stat.S_ISREG(facts.st_mode):
                    raise _refusal(path, "is not a regular file")
                if facts.st_size > MAX_FILE_BYTES:
                    raise _refusal(path, f"is larger than {MAX_FILE_BYTES} bytes")
                _check_again(place, target, facts)
                yield file

    @contextmanager
    def new_file(self, path: str, *, overwrite: bool) -> Iterator[IO[bytes]]:
        """Write a file that appears, or replaces a regular file if `overwrite`, when the block succeeds."""
        name = Path(path).name
        if not name or name == "..":
            raise _refusal(path, "has no file name")
        parent = self._resolve(path, parent=True)
        with self._place(path, parent / name) as place, _system_errors(path):
            _check_target(path, place, overwrite=overwrite)
            part = place.beside(f".image-store-{secrets.token_hex(8)}.part")
            handle = os.open(part.path, _CREATE_FILE, MODE_OF_NEW_FILES, dir_fd=part.handle)
            try:
                with os.fdopen(handle, "wb") as file:
                    _check_again(part, parent / part.name, os.fstat(file.fileno()))
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                _appear(path, part, place, overwrite=overwrite)
            finally:
                with suppress(OSError):
                    os.unlink(part.path, dir_fd=part.handle)

    def _resolve(self, path: str, *, parent: bool = False) -> Path:
        """The real path of a file or of its folder; a relative one is below the first root that has it."""
        if "\0" in path or (os.name == "nt" and not is_plain_on_windows(path)):
            raise _refusal(path, "is not the path of a file")
        sought = Path(path).parent if parent else Path(path)
        for root in self.roots:
            try:
                real = (root / sought).resolve(strict=True)
            except (OSError, RuntimeError, ValueError):  # it does not exist, or its links go in a circle
                continue
            if any(real.is_relative_to(each) for each in self.roots):
                return real
        allowed = ", ".join(map(str, self.roots))
        problem = "the folder does not exist" if parent else "does not exist"
        raise _refusal(path, f"{problem} below the folders of this server: {allowed}")

    @contextmanager
    def _place(self, path: str, target: Path) -> Iterator[_Place]:
        """Open the folder of a real path, part by part from its root."""
        root = next(each for each in self.roots if target.is_relative_to(each))
        if target == root:
            raise _refusal(path, "is a folder")
        if not HAS_FOLDER_HANDLES:
            yield _Place(None, target.parent, target.name)
            return
        with _system_errors(path):
            handle = os.open(root, _OPEN_FOLDER)
        try:
            for part in target.parent.relative_to(root).parts:
                with _system_errors(path):
                    inner = os.open(part, _OPEN_FOLDER, dir_fd=handle)
                os.close(handle)
                handle = inner
            yield _Place(handle, target.parent, target.name)
        finally:
            os.close(handle)


@contextmanager
def _system_errors(path: str) -> Iterator[None]:
    """Turn an error of the system into one that says which path it is about."""
    try:
        yield
    except OSError as failed:
        raise _refusal(path, failed.strerror or "cannot be used") from failed


def _check_again(place: _Place, target: Path, facts: os.stat_result) -> None:
    """Without handles of folders: refuse a file whose path leads elsewhere by now."""
    if place.handle is not None:
        return
    if target.resolve(strict=True) != target or not os.path.samestat(target.stat(), facts):
        raise _refusal(str(target), "changed while it was being opened")


def _check_target(path: str, place: _Place, *, overwrite: bool) -> None:
    try:
        facts = os.stat(place.path, dir_fd=place.handle, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(facts.st_mode):
        raise _refusal(path, "exists and is not a regular file")
    if not overwrite:
        raise _refusal(path, "exists already", "Choose another path, or set overwrite to replace this file.")


def _appear(path: str, part: _Place, place: _Place, *, overwrite: bool) -> None:
    """Give the complete file its name; without `overwrite` a file that appeared meanwhile stays."""
    if not overwrite:
        try:
            os.link(part.path, place.path, src_dir_fd=part.handle, dst_dir_fd=place.handle)
        except FileExistsError:
            raise _refusal(path, "was created by another program meanwhile") from None
        except (OSError, NotImplementedError):  # a file system without hard links
            _check_target(path, place, overwrite=False)
        else:
            return
    os.replace(part.path, place.path, src_dir_fd=part.handle, dst_dir_fd=place.handle)


def _refusal(path: str, problem: str, advice: str = _USE_A_FOLDER) -> ToolError:
    return ToolError(
        "The file cannot be used.", fields=[FieldProblem("path", f"{path!r}: {problem}")], advice=advice
    )
