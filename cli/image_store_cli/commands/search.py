"""`image-store search`: finds images by words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from image_store_cli.command_line.arguments import add_command, add_filters, add_limit, filters_of
from image_store_cli.commands.list_images import LIMIT
from image_store_cli.display.cards import print_cards

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
        "search",
        run,
        summary="search images by words",
        details="With --json: one card per line.",
        examples=("search cat garden", "search cat --visibility public --all"),
    )
    parser.add_argument("words", nargs="+", metavar="WORD", help="words of title, alt text, prompt, tags")
    add_filters(parser)
    add_limit(parser, noun="image", default=LIMIT)


def run(context: Context) -> Exit:
    """Search."""
    args = context.args
    search = partial(context.api.images.search, " ".join(args.words))
    return print_cards(context, search, filters_of(args), most=None if args.all else args.limit)
