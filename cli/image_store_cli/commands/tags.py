"""`image-store tags`: lists the tags of images with their counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from image_store_cli.command_line.arguments import add_command
from image_store_cli.display.lists import print_list
from image_store_cli.display.tables import new_table
from image_store_cli.display.texts import moment, plain

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable

    from rich.table import Table

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit
    from image_store_client.schemas import Tag


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "tags", run, summary="list tags with their numbers of images",
        details="Images in the trash do not count. With --json: one tag per line.",
        examples=("tags", "tags --prefix be"),
    )  # fmt: skip
    parser.add_argument("--prefix", metavar="TEXT", help="only tags that begin like this")


def run(context: Context) -> Exit:
    """List tags."""
    tags = context.api.tags.list(prefix=context.args.prefix)
    return print_list(context, tags, _table_of, empty="No tags.")


def _table_of(tags: Iterable[Tag]) -> Table:
    table = new_table()
    table.add_column("tag", overflow="fold")
    table.add_column("images", justify="right", no_wrap=True)
    table.add_column("newest", no_wrap=True)
    for each in tags:
        newest = moment(each["newest_at"]) if each["newest_at"] else ""
        table.add_row(Text(plain(each["tag"])), f"{each['images']:,}", newest)
    return table
