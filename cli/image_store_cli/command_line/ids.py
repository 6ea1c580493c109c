"""Reads ids from the command line, or from stdin with one id per line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
STDIN = "-"


def is_id(text: str) -> bool:
    """Whether a text can be an id."""
    return _ID.fullmatch(text) is not None


def safe_id(text: str) -> str:
    """Return an id; UsageError for a text that cannot be one."""
    if not is_id(text):
        raise UsageError(f"{text!r} is not an id.")
    return text


def read_ids(words: Sequence[str], stdin: TextIO) -> list[str]:
    """Every id once, in order; `-` stands for the lines of stdin."""
    ids: dict[str, None] = {}
    for word in words:
        for text in _lines(stdin) if word == STDIN else [word]:
            ids[safe_id(text)] = None
    return list(ids)


def _lines(stdin: TextIO) -> Iterable[str]:
    return (line.strip() for line in stdin if line.strip())
