"""`image-store link`: makes signed links to a rendition or a transform of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.arguments import add_command, add_ids, lifetime, positive
from image_store_cli.command_line.ids import read_ids
from image_store_cli.display.texts import moment
from image_store_cli.store.each import for_each

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit

FITS = ("cover", "contain", "scale-down", "pad")
FORMATS = ("jpeg", "png", "webp", "avif")
OPTIONS = ("rendition", "w", "h", "fit", "format", "q", "gravity", "expires_in")


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "link", run, summary="make a signed link to a picture",
        details="Everyone who has the link sees the picture until it expires; it cannot be revoked, as a share can. "
        "With --json: one link per line.",
        examples=(
            "link ID",
            "link ID --rendition thumb --for 7d",
            "link ID --width 800 --height 800 --fit cover --gravity smart --format avif",
        ),
    )  # fmt: skip
    add_ids(parser)
    parser.add_argument(
        "--for", dest="expires_in", metavar="TIME", type=lifetime,
        help="such as 30m, 12h or 7d, which is the longest (default: 1h)",
    )  # fmt: skip
    parser.add_argument("--rendition", metavar="NAME", help="thumb, display, w640, … (default: display)")
    transform = parser.add_argument_group("transform")
    transform.add_argument("--width", dest="w", type=positive, metavar="PIXELS")
    transform.add_argument("--height", dest="h", type=positive, metavar="PIXELS")
    transform.add_argument(
        "--fit", choices=FITS, help="how the picture fits width and height (default: scale-down)"
    )
    transform.add_argument("--format", choices=FORMATS, help="default: webp")
    transform.add_argument("--quality", dest="q", type=positive, metavar="N", help="1 to 100")
    transform.add_argument(
        "--gravity",
        metavar="POINT",
        help="part that a crop keeps: center (default), smart, or a point like 0.25:0.4",
    )


def run(context: Context) -> Exit:
    """Make the links."""
    ids = read_ids(context.args.ids, context.stdin)
    request: dict[str, Any] = {
        name: value for name in OPTIONS if (value := getattr(context.args, name)) is not None
    }

    def link(image_id: str) -> dict[str, Any]:
        signed_link = context.api.images.link(image_id, **request)
        context.out.note(f"This link works until {moment(signed_link['expires_at'])}.")
        return {"id": image_id, **signed_link}

    return for_each(context, ids, link, describe=lambda signed_link: str(signed_link["url"]))
