"""`image-store list`: lists the caller's images, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.arguments import add_command, add_filters, filters_of, positive, sha256
from image_store_cli.display.cards import print_cards
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context

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
    add_limits(parser)


def add_limits(parser: ArgumentParser) -> None:
    """Add the options that limit how many images are shown."""
    parser.add_argument(
        "--limit",
        type=positive,
        default=LIMIT,
        metavar="N",
        help=f"maximum number of images (default: {LIMIT})",
    )
    parser.add_argument("--all", action="store_true", help="no maximum")


def run(context: Context) -> Exit:
    """List."""
    args = context.args
    query: dict[str, Any] = filters_of(args) | {
        "order": "asc" if args.oldest_first else None,
        "trashed": "true" if args.trashed else None,
        "sha256": args.sha256,
    }
    print_cards(context, "/v1/images", query, most=None if args.all else args.limit)
    return Exit.OK
