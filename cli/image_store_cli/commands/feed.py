"""`image-store feed`: lists the public images of all owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_cli.command_line.arguments import FEED_FILTERS, add_command, add_filters, filters_of
from image_store_cli.commands.list_images import add_limits
from image_store_cli.display.cards import print_cards, table_of_feed
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context


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
    add_limits(parser)


def run(context: Context) -> Exit:
    """List the feed."""
    args = context.args
    query = filters_of(args, FEED_FILTERS)
    most = None if args.all else args.limit
    print_cards(context, "/v1/feed", query, most=most, table=table_of_feed, signed_in=False)
    return Exit.OK
