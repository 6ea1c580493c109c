"""`image-store similar`: finds images that look like another one."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.arguments import add_command, positive
from image_store_cli.command_line.ids import image_path
from image_store_cli.display.cards import table_of
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context

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
        type=_limit,
        default=LIMIT,
        metavar="N",
        help=f"maximum number of images, up to {MOST} (default: {LIMIT})",
    )


def run(context: Context) -> Exit:
    """Find them."""
    answer = context.api.get(f"{image_path(context.args.id)}/similar", limit=context.args.limit)
    cards: list[dict[str, Any]] = [{**item["card"], DISTANCE: item[DISTANCE]} for item in answer["items"]]
    if context.out.as_json:
        for card in cards:
            context.out.line(card, None)
    elif cards:
        context.out.console.print(table_of(cards, also=DISTANCE))
    else:
        context.out.note("No other image looks like it.")
    return Exit.OK


def _limit(text: str) -> int:
    number = positive(text)
    if number > MOST:
        raise ArgumentTypeError(f"must be at most {MOST}")
    return number
