"""`image-store open`: opens the web console, or an image in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from image_store_cli.command_line.arguments import add_command
from image_store_cli.command_line.ids import safe_id
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "open", run, summary="open the web console or an image in the browser",
        details="Prints the address. With --json: the address, and whether a browser was opened.",
        examples=("open", "open ID", "open ID --no-browser"),
    )  # fmt: skip
    parser.add_argument("id", nargs="?", metavar="ID", help="id of an image (default: the console)")
    parser.add_argument("-n", "--no-browser", action="store_true", help="only print the address")


def run(context: Context) -> Exit:
    """Open the page."""
    args = context.args
    url = f"{context.settings.url}/" + (f"#/images/{safe_id(args.id)}" if args.id else "")
    opened = not args.no_browser and context.browser.open(url)
    if not opened and not args.no_browser:
        context.out.note("There is no browser here: open this address.")
    context.out.document(
        {"url": url, "opened": opened}, lambda console: console.print(Text(url), soft_wrap=True)
    )
    return Exit.OK
