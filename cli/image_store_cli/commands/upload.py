"""`image-store upload`: uploads files, folders, patterns, stdin and web addresses in parallel, each picture once."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.arguments import (
    DUPLICATES,
    add_command,
    add_parallel,
    add_shared_attributes,
)
from image_store_cli.display.texts import plural
from image_store_cli.errors import UsageError
from image_store_cli.uploads import journal, picture_files
from image_store_cli.uploads.remote_pictures import RemotePicture, is_address
from image_store_cli.uploads.upload_run import UploadRun
from image_store_cli.uploads.uploader import Uploader

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit

ATTRIBUTES = (
    "kind", "visibility", "title", "alt_text", "category", "tag", "group", "cache_control", "expires_at",
    "on_duplicate",
)  # fmt: skip


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "upload", run, summary="upload files, folders, stdin or web addresses",
        details="Resumes after an interruption when you repeat the command. With --json: one line for each file.",
        examples=(
            "upload a.png b.jpg --tag holiday",
            "upload photos/ --group trip:1 --visibility unlisted",
            "upload - --filename cat.png < a.png",
            "upload https://images.example.com/cat.png --title 'A cat'",
        ),
    )  # fmt: skip
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="PATH",
        help="file, folder, pattern, `-` for stdin, or an address that the store fetches",
    )
    attributes = parser.add_argument_group("attributes")
    attributes.add_argument("--filename", metavar="NAME", help="name of a single image")
    attributes.add_argument("--title")
    attributes.add_argument("--alt-text")
    add_shared_attributes(attributes)
    transfer = parser.add_argument_group("transfer")
    transfer.add_argument(
        "--on-duplicate",
        choices=DUPLICATES,
        default=DUPLICATES[0],
        help="if the bytes are stored already: return their image (default), keep both, or fail",
    )
    add_parallel(transfer, noun="upload")
    transfer.add_argument(
        "--hidden", action="store_true", help="include files in folders that begin with a dot"
    )
    transfer.add_argument(
        "--journal", metavar="FILE", help="file that records progress (default: below ~/.local/state)"
    )


def run(context: Context) -> Exit:
    """Upload."""
    args = context.args
    with tempfile.TemporaryDirectory(prefix="image-store-") as scratch:
        pictures, bad = _pictures(context, Path(scratch))
        addresses = list(dict.fromkeys(filter(is_address, args.sources)))
        if args.filename and len(pictures) + len(bad) + len(addresses) != 1:
            raise UsageError("--filename is for a single image.")
        attributes = attributes_of(context)
        given_name = {"filename": args.filename} if args.filename else {}
        remote = [RemotePicture(address, attributes | given_name) for address in addresses]
        with journal.Journal(_journal_path(context, attributes)) as upload_journal:
            uploader = Uploader(context.api, attributes)
            upload_run = UploadRun(context, uploader, upload_journal, parallel=args.parallel)
            return upload_run.run(pictures, bad, remote)


def attributes_of(context: Context) -> dict[str, Any]:
    """The attributes among the options; the store has defaults for the others."""
    options = {name: getattr(context.args, name) for name in ATTRIBUTES}
    return {name: value for name, value in options.items() if value is not None}


def _pictures(
    context: Context, scratch: Path
) -> tuple[list[picture_files.PictureFile], list[picture_files.BadFile]]:
    args = context.args
    words = [word for word in args.sources if word != picture_files.STDIN and not is_address(word)]
    selection = picture_files.find(words, hidden=args.hidden)
    if selection.skipped:
        context.out.note(
            f"Skipped {plural(len(selection.skipped), 'file')} of another type: {_some(selection.skipped)}"
        )
    pictures = selection.pictures
    if args.filename:
        pictures = [
            picture_files.PictureFile(p.path, p.name, args.filename, p.content_type) for p in pictures
        ]
    if picture_files.STDIN in args.sources:
        try:
            pictures.append(picture_files.from_stdin(scratch, filename=args.filename))
        except UsageError as wrong:
            selection.bad.append(picture_files.BadFile(picture_files.STDIN, wrong))
    return pictures, selection.bad


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _journal_path(context: Context, attributes: dict[str, Any]) -> Path:
    if context.args.journal:
        return Path(context.args.journal)
    paths = sorted(str(Path(word).absolute()) for word in context.args.sources)
    return journal.default_path(
        context.environment,
        context.settings.url,
        context.caller,
        repr(sorted(attributes.items())),
        *paths,
    )
