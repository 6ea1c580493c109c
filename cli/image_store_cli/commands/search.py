"""`image-store search`: finds images by words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_cli.command_line.arguments import add_command, add_filters, filters_of
from image_store_cli.commands.list_images import add_limits
from image_store_cli.display.cards import print_cards
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
        "search",
        run,
        summary="search images by words",
        details="With --json: one card per line.",
        examples=("search cat garden", "search cat --visibility public --all"),
    )
    parser.add_argument("words", nargs="+", metavar="WORD", help="words of title, alt text, prompt, tags")
    add_filters(parser)
    add_limits(parser)


def run(context: Context) -> Exit:
    """Search."""
    args = context.args
    query = {"q": " ".join(args.words), **filters_of(args)}
    print_cards(context, "/v1/search", query, most=None if args.all else args.limit)
    return Exit.OK
