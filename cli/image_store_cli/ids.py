"""Ids as people give them: on the command line, or one a line on stdin."""

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
    """The API's path of an image; UsageError for what cannot be an id."""
    return f"/v1/images/{checked(image_id)}"


def checked(text: str) -> str:
    """An id that is safe in a path."""
    if not _ID.fullmatch(text):
        raise UsageError(f"{text!r} is not an id.")
    return quote(text)


def read_ids(given: Sequence[str], stdin: TextIO) -> list[str]:
    """Every id once, in its order; `-` stands for the lines of stdin."""
    found: dict[str, None] = {}
    for word in given:
        for text in _lines(stdin) if word == STDIN else [word]:
            found[checked(text)] = None
    return list(found)


def _lines(stdin: TextIO) -> Iterable[str]:
    return (line.strip() for line in stdin if line.strip())
