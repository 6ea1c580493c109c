"""Reads ids from the command line, or from stdin with one id per line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
STDIN = "-"


def image_path(image_id: str) -> str:
    """The API's path of an image; UsageError if the text cannot be an id."""
    return f"/v1/images/{safe_id(image_id)}"


def safe_id(text: str) -> str:
    """An id that is safe in a path."""
    if not _ID.fullmatch(text):
        raise UsageError(f"{text!r} is not an id.")
    return quote(text)


def read_ids(words: Sequence[str], stdin: TextIO) -> list[str]:
    """Every id once, in order; `-` stands for the lines of stdin."""
    ids: dict[str, None] = {}
    for word in words:
        for text in _lines(stdin) if word == STDIN else [word]:
            ids[safe_id(text)] = None
    return list(ids)


def _lines(stdin: TextIO) -> Iterable[str]:
    return (line.strip() for line in stdin if line.strip())
