"""Reads a text that a user gives in a file or on stdin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from image_store_cli.command_line.ids import STDIN
from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from typing import TextIO


def read_text(name: str, stdin: TextIO) -> str:
    """Return the text of a file, or of stdin for `-`; UsageError if it cannot be read or is no text."""
    place = "stdin" if name == STDIN else name
    try:
        return stdin.read() if name == STDIN else Path(name).read_text()
    except OSError as unreadable:
        raise UsageError(f"{place} cannot be read: {unreadable.strerror}.") from unreadable
    except UnicodeDecodeError as binary:
        raise UsageError(f"{place} is not UTF-8 text.") from binary
