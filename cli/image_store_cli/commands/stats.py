"""`image-store stats`: how much is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from image_store_cli.arguments import add_command, day
from image_store_cli.exits import Exit
from image_store_cli.texts import plain, size

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from rich.console import Console

    from image_store_cli.arguments import Commands
    from image_store_cli.context import Context


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "stats", run, summary="show how much is stored",
        details="With --json: as the API answers it.",
    )  # fmt: skip
    parser.add_argument("--from", dest="since", metavar="DAY", type=day)
    parser.add_argument("--to", dest="until", metavar="DAY", type=day, help="not included")
    parser.add_argument("--all", dest="needs_admin", action="store_true", help="of all owners; for admins")


def run(context: Context) -> Exit:
    """Show the figures."""
    args = context.args
    scope = "all" if args.needs_admin else None
    stats = context.api.get("/v1/stats", **{"scope": scope, "from": args.since, "to": args.until})
    context.out.document(stats, lambda console: _print(console, stats))
    return Exit.OK


def _print(console: Console, stats: dict[str, Any]) -> None:
    """Single figures first, then a table for each figure with parts or days."""
    summary = Table.grid(padding=(0, 2))
    summary.add_column(style="dim", no_wrap=True)
    summary.add_column(justify="right")
    for name, value in stats.items():
        if not isinstance(value, dict | list):
            summary.add_row(plain(name.replace("_", " ")), Text(_figure(name, value)))
    console.print(summary)
    for name, value in stats.items():
        if isinstance(value, dict | list) and value:
            console.print(Text(f"\n{plain(name.replace('_', ' '))}", style="bold"))
            console.print(_table(value))


def _table(value: dict[str, Any] | list[Any]) -> Table:
    """Rows of named figures, or of figures of a day."""
    if isinstance(value, dict) and not any(isinstance(each, dict) for each in value.values()):
        value = [value]
    named = value.items() if isinstance(value, dict) else [(None, each) for each in value]
    rows = [
        ({} if name is None else {"": name}) | (each if isinstance(each, dict) else {"value": each})
        for name, each in named
    ]
    table = Table(box=None, pad_edge=False, header_style="dim")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    for name in columns:
        table.add_column(
            plain(name.replace("_", " ")), justify="right" if name not in {"", "day"} else "left"
        )
    for row in rows:
        table.add_row(*(Text(_figure(name, row.get(name))) for name in columns))
    return table


def _figure(name: str, value: Any) -> str:
    if value is None:
        return ""
    return size(value) if name.endswith("bytes") and isinstance(value, int) else plain(str(value))
