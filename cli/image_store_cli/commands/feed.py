"""`image-store feed`: lists the public images of all owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_cli.command_line.arguments import (
    FEED_FILTERS,
    add_command,
    add_filters,
    add_limit,
    filters_of,
)
from image_store_cli.commands.list_images import LIMIT
from image_store_cli.display.cards import print_cards, table_of_feed

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        common,
        "feed",
        run,
        summary="list public images of all owners",
        details="Needs no token. With --json: one card per line.",
        examples=("feed --limit 20", "feed --group post:p1 --owner alice", "feed --all --json"),
    )
    add_filters(parser, FEED_FILTERS)
    add_limit(parser, noun="image", default=LIMIT)


def run(context: Context) -> Exit:
    """List the feed."""
    args = context.args
    filters = filters_of(args, FEED_FILTERS)
    most = None if args.all else args.limit
    return print_cards(context, context.api.feed, filters, most=most, table=table_of_feed)
