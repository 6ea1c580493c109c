"""The schema version of rows, and how readers treat rows of other versions.

A row without the attribute `v` has version 1. If you change the form of a row, raise `VERSION` and let its reader
accept every earlier version that was released.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from image_store.domain.errors import UnreadableRow

VERSION = 2
ATTRIBUTE = "v"
STAMP: dict[str, Any] = {ATTRIBUTE: {"N": str(VERSION)}}
"""The version attribute of new rows."""

_log = logging.getLogger("image_store.table")


def version_of(item: Mapping[str, Any]) -> int:
    """The version of a row, at most `VERSION`.

    Raises UnreadableRow for a later or an invalid version.
    """
    try:
        version = int(item[ATTRIBUTE]["N"]) if ATTRIBUTE in item else 1
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(item) from error
    if not 1 <= version <= VERSION:
        raise newer(item)
    return version


def reading[T](read: Callable[[Any], T]) -> Callable[[Any], T]:
    """Decorate a reader of rows: it raises UnreadableRow, and no other error, for a row that it cannot read."""

    def read_row(item: Any) -> T:
        try:
            return read(item)
        except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise damaged(item) from error

    return read_row


def readable[T](items: Iterable[Mapping[str, Any]], read: Callable[[Any], T]) -> Iterator[T]:
    """The values of all readable rows; each of the others is logged."""
    for item in items:
        try:
            yield read(item)
        except UnreadableRow as error:
            _log.error("a row of the table cannot be read: %s", error.message)


def newer(item: Mapping[str, Any]) -> UnreadableRow:
    """The error for a row of a later version."""
    return UnreadableRow(
        f"The row {_name(item)} was written by a later version of the store: deploy that version again."
    )


def damaged(item: Mapping[str, Any]) -> UnreadableRow:
    """The error for a row that no version has written."""
    return UnreadableRow(
        f"The row {_name(item)} is damaged: restore it from the table's point-in-time recovery, or delete it."
    )


def _name(item: Mapping[str, Any]) -> str:
    parts = (item.get(name, {}).get("S", "?") for name in ("pk", "sk"))
    return "/".join(parts)
