"""The version of the table's schema, which rows carry, and the rows of earlier and later versions.

A row without the attribute `v` has version 1. Whoever changes the form of a kind of row raises `VERSION` and
teaches the reader of that kind to read every earlier version that was released.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from image_store.domain.errors import UnreadableRow

VERSION = 2
ATTRIBUTE = "v"
STAMP: dict[str, Any] = {ATTRIBUTE: {"N": str(VERSION)}}
"""What a row of this version carries."""

_log = logging.getLogger("image_store.table")


def version_of(item: Mapping[str, Any]) -> int:
    """The version of a row, at most this one.

    Raises UnreadableRow for a row of a later version.
    """
    try:
        version = int(item[ATTRIBUTE]["N"]) if ATTRIBUTE in item else 1
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(item) from error
    if not 1 <= version <= VERSION:
        raise newer(item)
    return version


def reading[T](read: Callable[[Any], T]) -> Callable[[Any], T]:
    """Read rows with `read`, which then raises UnreadableRow and nothing else for a row that it cannot read."""

    def read_row(item: Any) -> T:
        try:
            return read(item)
        except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise damaged(item) from error

    return read_row


def readable[T](items: Iterable[Mapping[str, Any]], read: Callable[[Any], T]) -> Iterator[T]:
    """What can be read of many rows; the log names each of the others."""
    for item in items:
        try:
            yield read(item)
        except UnreadableRow as error:
            _log.error("a row of the table cannot be read: %s", error.message)


def newer(item: Mapping[str, Any]) -> UnreadableRow:
    """What is said of a row of a later version."""
    return UnreadableRow(
        f"The row {_name(item)} was written by a later version of the store: deploy that version again."
    )


def damaged(item: Mapping[str, Any]) -> UnreadableRow:
    """What is said of a row that no version has written."""
    return UnreadableRow(
        f"The row {_name(item)} is damaged: restore it from the table's point-in-time recovery, or delete it."
    )


def _name(item: Mapping[str, Any]) -> str:
    parts = (item.get(name, {}).get("S", "?") for name in ("pk", "sk"))
    return "/".join(parts)
