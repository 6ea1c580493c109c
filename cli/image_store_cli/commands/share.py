"""`image-store share`: creates a share, an address that shows images to people without a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from image_store_cli.command_line.arguments import add_command, group, lifetime
from image_store_cli.command_line.ids import safe_id
from image_store_cli.display.texts import moment, plain
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "share", run, summary="show private images by an address",
        details="The address of a picture is ADDRESS/ID/PRESET, and works until the share ends or "
        "`image-store shares revoke`. With --json: the response of the API.",
        examples=(
            "share ID --for 1h --preset display",
            "share --group album:summer --for 7d --name 'For the family'",
            "share --everything",
        ),
    )  # fmt: skip
    parser.add_argument("id", nargs="?", metavar="ID", help="share one image")
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--group", metavar="TYPE:ID", type=group, help="share the images of a group")
    target.add_argument("--everything", action="store_true", help="share all your images, later ones too")
    parser.add_argument(
        "--for", dest="lifetime", metavar="TIME", type=lifetime, help="such as 30m, 12h or 7d (default: 1h)"
    )
    parser.add_argument(
        "--preset", dest="presets", action="append", metavar="PRESET",
        help="show only this preset; repeat it for several",
    )  # fmt: skip
    parser.add_argument("--name", metavar="NAME", help="a name for your list")


def run(context: Context) -> Exit:
    """Create the share."""
    args = context.args
    if bool(args.id) + bool(args.group) + args.everything != 1:
        raise UsageError("Share one of: the ID of an image, --group, or --everything.")
    share = context.api.share(
        image=args.id and safe_id(args.id),
        group=args.group,
        all=args.everything,
        presets=args.presets,
        expires_in=args.lifetime,
        name=args.name,
    )
    context.out.note(f"Share {share.id} ends {moment(share.expires_at)}. A picture is at ADDRESS/ID/PRESET.")
    context.out.document(
        share.data, lambda console: console.print(Text(plain(share.url_prefix or "")), soft_wrap=True)
    )
    return Exit.OK
