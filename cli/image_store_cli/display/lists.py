"""Prints lists: as a table for people, as a line of JSON for each item for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_cli.display.texts import plain, plural
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.console import Console
    from rich.table import Table

    from image_store_cli.context import Context

SHOWN_ERRORS = 10


def print_list[Item](
    context: Context, items: Iterable[Item], table_of: Callable[[Iterable[Item]], Table], *, empty: str
) -> Exit:
    """Print each item when it is there with --json, otherwise a table of all; `empty` is the note about none."""
    if context.out.as_json:
        for item in items:
            context.out.line(item, None)
    elif rows := list(items):
        context.out.console.print(table_of(rows))
    else:
        context.out.note(empty)
    return Exit.OK


def print_errors(console: Console, errors: Sequence[str]) -> None:
    """Print the first errors of a result for people, and how many more there are."""
    for error in errors[:SHOWN_ERRORS]:
        console.print(plain(f"  {error}"), soft_wrap=True)
    if (more := len(errors) - SHOWN_ERRORS) > 0:
        console.print(f"  and {plural(more, 'error')} more; --json shows them", soft_wrap=True)
