"""`image-store stats`: shows how much is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from image_store_cli.command_line.arguments import add_command, day
from image_store_cli.display.tables import figure, tables, words
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Mapping

    from rich.console import Console

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "stats", run, summary="show how much is stored",
        details="With --json: the response of the API.",
        examples=("stats", "stats --from 2026-01-01 --to 2026-02-01", "stats --all"),
    )  # fmt: skip
    parser.add_argument("--from", dest="since", metavar="DAY", type=day, help="first day")
    parser.add_argument("--to", dest="until", metavar="DAY", type=day, help="day after the last one")
    parser.add_argument(
        "--all", dest="needs_admin", action="store_true", help="figures of all owners; for admins"
    )


def run(context: Context) -> Exit:
    """Show the figures."""
    args = context.args
    stats = context.api.stats(scope="all" if args.needs_admin else None, since=args.since, until=args.until)
    context.out.document(stats, lambda console: _print(console, stats))
    return Exit.OK


def _print(console: Console, stats: Mapping[str, Any]) -> None:
    """Print single figures first, then a table for each figure with parts or days."""
    summary = Table.grid(padding=(0, 2))
    summary.add_column(style="dim", no_wrap=True)
    summary.add_column(justify="right")
    for name, value in stats.items():
        if not isinstance(value, dict | list):
            summary.add_row(
                words(name), Text(figure(name, value) + (_in_trash(stats) if name == "images" else ""))
            )
    console.print(summary)
    for name, value in stats.items():
        if isinstance(value, dict | list):
            for title, table in tables(words(name), value):
                console.print(Text(f"\n{title}", style="bold"))
                console.print(table)


def _in_trash(stats: Mapping[str, Any]) -> str:
    trash = stats.get("trash")
    count = trash.get("images") if isinstance(trash, dict) else None
    return f", {count} of them in the trash" if count else ""
