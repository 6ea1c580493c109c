"""`image-store similar`: finds images that look like another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.arguments import add_command, at_most
from image_store_cli.command_line.ids import safe_id
from image_store_cli.display.cards import table_of
from image_store_cli.display.lists import print_list

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit

LIMIT = 20
MOST = 50
DISTANCE = "distance"


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "similar", run, summary="find images that look like another one",
        details=f"The nearest come first. With --json: one card per line, with its {DISTANCE}.",
        examples=("similar ID --limit 5",),
    )  # fmt: skip
    parser.add_argument("id", metavar="ID", help="id of the image")
    parser.add_argument(
        "--limit",
        type=at_most(MOST),
        default=LIMIT,
        metavar="N",
        help=f"maximum number of images, up to {MOST} (default: {LIMIT})",
    )


def run(context: Context) -> Exit:
    """Find them."""
    items = context.api.images.similar(safe_id(context.args.id), limit=context.args.limit)
    cards: list[dict[str, Any]] = [{**item["card"], DISTANCE: item["distance"]} for item in items]
    return print_list(
        context, cards, lambda rows: table_of(rows, also=DISTANCE), empty="No other image looks like it."
    )
