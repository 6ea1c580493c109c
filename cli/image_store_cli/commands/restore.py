"""`image-store restore`: restores images from the trash."""

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


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "restore", run, summary="restore images from the trash",
        details="Restored images are private. With --json: one image per line.",
        examples=("restore ID",),
    )  # fmt: skip
    add_ids(parser)


def run(context: Context) -> Exit:
    """Restore."""
    ids = read_ids(context.args.ids, context.stdin)
    return for_each(
        context,
        ids,
        context.api.images.restore,
        describe=lambda image: f"restored  {image['id']}  {image['filename']}",
    )
