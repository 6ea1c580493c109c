"""Formats values of any shape as rows and tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from image_store_cli.display.texts import plain, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LEFT = {"", "date", "day", "provider", "unit"}
"""Columns of text, aligned left; all others are numbers."""


def new_table() -> Table:
    """An empty table without lines, whose headings are dim."""
    return Table(box=None, pad_edge=False, header_style="dim")


def table_of_values(rows: Iterable[tuple[str, str]]) -> Table:
    """A table of names and untrusted values."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(plain(value)))
    return table


def named_values(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """A value as rows of name and text. Its parts have longer names; empty values have no row."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from named_values(f"{name} {words(str(key))}".strip(), part)
    elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        for number, part in enumerate(value, 1):
            yield from named_values(f"{name} {number}", part)
    elif value not in (None, "", []):
        yield name, figure(name, value)


def tables(name: str, value: Any) -> Iterator[tuple[str, Table]]:
    """A value with parts as titled tables: one for each list and for each group of figures."""
    if isinstance(value, dict) and any(isinstance(part, list) for part in value.values()):
        for key, part in value.items():
            yield from tables(f"{name}, {words(str(key))}", part)
    elif rows := list(_rows(value)):
        yield name, _table(rows)


def words(name: str) -> str:
    """The name of a field in words."""
    return plain(name.replace("_", " "))


def figure(name: str, value: Any) -> str:
    """One value as text: bytes as a size, a list with commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return plain(", ".join(figure(name, each) for each in value))
    return size(value) if name.endswith("bytes") and isinstance(value, int) else plain(str(value))


def _rows(value: Any) -> Iterator[dict[str, Any]]:
    """A value as rows of single figures; nested groups become a row each."""
    if isinstance(value, list):
        for each in value:
            yield from _rows(each)
    elif not isinstance(value, dict):
        yield {"": value}
    elif value and all(isinstance(part, dict) for part in value.values()):
        for name, part in value.items():
            yield from ({"": name} | row for row in _rows(part))
    else:
        single = {name: part for name, part in value.items() if not isinstance(part, dict)}
        groups = {name: part for name, part in value.items() if isinstance(part, dict) and part}
        if not groups:
            yield single
        for group, part in groups.items():
            for row in _rows(part):
                with_names = {
                    group.removeprefix("by_") if name == "" else name: each for name, each in row.items()
                }
                yield single | with_names


def _table(rows: list[dict[str, Any]]) -> Table:
    table = new_table()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    for name in columns:
        table.add_column(words(name), justify="left" if name in LEFT else "right")
    for row in rows:
        table.add_row(*(Text(figure(name, row.get(name))) for name in columns))
    return table
