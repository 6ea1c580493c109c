"""`image-store keys usage`: shows what an API key has used by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_cli.command_line.arguments import day
from image_store_cli.command_line.ids import safe_id
from image_store_cli.display.tables import tables
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.context import Context


def add_days(parser: ArgumentParser) -> None:
    """Add the options for the days to show."""
    parser.add_argument("--from", dest="since", metavar="DAY", type=day, help="first day (UTC)")
    parser.add_argument("--to", dest="until", metavar="DAY", type=day, help="day after the last one")


def show_usage(context: Context) -> Exit:
    """Show what a key has used, a row for each day and one for all of them."""
    args = context.args
    usage = context.api.keys.usage(safe_id(args.id), since=args.since, until=args.until)
    rows = [*usage["days"], {"date": "total", **usage["total"]}]
    ((_, table),) = tables("days", rows)
    context.out.document(usage, lambda console: console.print(table))
    return Exit.OK
