"""`image-store list`: lists the caller's images, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_cli.command_line.arguments import add_command, add_filters, add_limit, filters_of, sha256
from image_store_cli.display.cards import print_cards

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit

LIMIT = 50
EXAMPLE_CHECKSUM = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        common,
        "list",
        run,
        summary="list images",
        details="With --json: one card per line.",
        examples=(
            "list --limit 20",
            "list --group trip:1 --kind upload",
            "list --trashed",
            f"list --sha256 {EXAMPLE_CHECKSUM}",
        ),
    )
    add_filters(parser)
    parser.add_argument("--sha256", type=sha256, metavar="HEX", help="only images with this checksum")
    parser.add_argument("--trashed", action="store_true", help="list the trash")
    parser.add_argument("--oldest-first", action="store_true", help="start with the oldest")
    add_limit(parser, noun="image", default=LIMIT)


def run(context: Context) -> Exit:
    """List."""
    args = context.args
    filters = filters_of(args) | {
        "order": "asc" if args.oldest_first else None,
        "trashed": True if args.trashed else None,
        "sha256": args.sha256,
    }
    return print_cards(context, context.api.images.list, filters, most=None if args.all else args.limit)
