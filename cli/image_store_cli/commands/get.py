"""`image-store get`: downloads images into files or to stdout."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, DownloadColumn, TextColumn

from image_store_cli.command_line.arguments import add_command, add_ids
from image_store_cli.command_line.ids import read_ids
from image_store_cli.display.texts import plain
from image_store_cli.downloads import extension_of, safe_name, whole_file
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from image_store_cli.store.each import for_each
from image_store_client.downloads import ExpectedBytes
from image_store_client.media import EXTENSIONS

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_client.schemas import Image

ORIGINAL = "original"
STDOUT = "-"


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "get", run, summary="download images",
        details="Writes a file only when all of its bytes have arrived and their checksum is right. "
        "With --json: one line for each image.",
        examples=("get ID", "get ID --rendition thumb --output thumb.jpg", "get ID --output - | file -"),
    )  # fmt: skip
    add_ids(parser)
    parser.add_argument(
        "--rendition",
        default=ORIGINAL,
        metavar="NAME",
        help="thumb, display, w640, … (default: the original)",
    )
    parser.add_argument(
        "-o",
        "--output",
        default=".",
        metavar="PATH",
        help="file, folder, or `-` for stdout (default: this folder)",
    )
    parser.add_argument("-f", "--force", action="store_true", help="overwrite existing files")


def run(context: Context) -> Exit:
    """Download."""
    args = context.args
    ids = read_ids(args.ids, context.stdin)
    if args.output == STDOUT:
        return _to_stdout(context, ids)
    output = Path(args.output)
    is_folder = output.is_dir() or args.output.endswith("/")
    if len(ids) != 1 and not is_folder:
        raise UsageError(f"Several images need a folder as --output, and {output} is not one.")
    if is_folder:
        output.mkdir(parents=True, exist_ok=True)
    used_paths: set[Path] = set()
    return for_each(
        context,
        ids,
        lambda image_id: save(
            context, image_id, output, used_paths, rendition=args.rendition, force=args.force
        ),
        describe=lambda file: f"saved  {file['id']}  {file['path']}",
    )


def save(
    context: Context, image_id: str, output: Path, used_paths: set[Path], *, rendition: str, force: bool
) -> dict[str, Any]:
    """Save one image as a file; in a folder, under a name that no other image of this run has."""
    image, link, expected = _locate(context, image_id, rendition)
    path = output
    if output.is_dir():
        extension = extension_of(link) or EXTENSIONS.get(image["content_type"], "bin")
        path = output / safe_name(image["filename"], extension)
        if rendition != ORIGINAL:  # the original may be in the same folder
            path = path.with_stem(f"{path.stem}-{rendition}")
        if path in used_paths:
            path = path.with_stem(f"{path.stem}-{image['id']}")
        used_paths.add(path)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=30), DownloadColumn())
    with context.out.progress(*columns) as progress, whole_file(path, overwrite=force) as file:
        task = progress.add_task(plain(path.name), total=expected.size)
        context.api.fetch(
            link, file, expected, on_progress=lambda now: progress.update(task, completed=now.loaded)
        )
    return {"id": image["id"], "path": str(path), "rendition": rendition, "size_bytes": path.stat().st_size}


def _to_stdout(context: Context, ids: list[str]) -> Exit:
    if len(ids) != 1:
        raise UsageError("Only one image can go to stdout.")
    if context.args.json:
        raise UsageError("--json and --output - both write to stdout: use one of them.")
    if sys.stdout.isatty():
        raise UsageError(
            "A terminal cannot show the bytes of a picture: pipe them, or name a file with --output."
        )
    _, link, expected = _locate(context, ids[0], context.args.rendition)
    context.api.fetch(link, sys.stdout.buffer, expected)
    return Exit.OK


def _locate(context: Context, image_id: str, rendition: str) -> tuple[Image, str, ExpectedBytes]:
    """Find the image, the link to its bytes, and their expected size and checksum.

    Those of a rendition are unknown, because it may be made, or its format chosen, when the link is requested.
    """
    image = context.api.images.get(image_id)
    if rendition == ORIGINAL:
        expected = ExpectedBytes(size=image["size_bytes"], sha256=image["sha256"])
        return image, context.api.images.content_link(image_id), expected
    return image, context.api.images.content_link(image_id, preset=rendition), ExpectedBytes()
