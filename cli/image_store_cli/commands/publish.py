"""`image-store publish` and `unpublish`: change the visibility of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_cli.command_line.arguments import add_command, add_ids
from image_store_cli.command_line.ids import read_ids
from image_store_cli.store.each import for_each

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit
    from image_store_client.schemas import Image


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add both commands."""
    publish = add_command(
        commands, common, "publish", run, summary="make images public",
        details="Prints their links. With --json: one image per line.",
        examples=("publish ID", "publish ID --unlisted"),
    )  # fmt: skip
    publish.add_argument(
        "--unlisted",
        dest="visibility",
        action="store_const",
        const="unlisted",
        default="public",
        help="visible to everyone with the link, but not in the feed",
    )
    unpublish = add_command(
        commands, common, "unpublish", run, summary="make images private",
        details="Their links stop working. With --json: one image per line.",
        examples=("unpublish ID",),
    )  # fmt: skip
    unpublish.set_defaults(visibility="private")
    for parser in (publish, unpublish):
        add_ids(parser)


def run(context: Context) -> Exit:
    """Change the visibility."""
    ids = read_ids(context.args.ids, context.stdin)
    visibility = context.args.visibility
    context.show_target()
    return for_each(
        context,
        ids,
        lambda image_id: context.api.images.update(image_id, {"visibility": visibility}),
        describe=_outcome_line,
    )


def _outcome_line(image: Image) -> str:
    if image["public_url"]:
        return f"{image['visibility']}  {image['id']}  {image['public_url']}"
    return f"{image['visibility']}  {image['id']}  {image['filename']}"
