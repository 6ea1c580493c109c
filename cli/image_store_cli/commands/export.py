"""`image-store export`: writes images into a folder, each with its attributes, for a backup or another store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from image_store_cli.command_line.arguments import (
    add_command,
    add_filters,
    add_parallel,
    add_yes,
    filters_of,
    sha256,
)
from image_store_cli.command_line.text_input import read_text
from image_store_cli.display.texts import plural
from image_store_cli.errors import UsageError
from image_store_cli.exports.export_run import ExportRun
from image_store_cli.exports.image_files import ImageFiles
from image_store_cli.exports.index import INDEX, ExportIndex, read_entries
from image_store_cli.exports.places import ORIGINAL

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Mapping

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit
    from image_store_cli.exports.index import IndexEntry
    from image_store_client.schemas import ImageListFilters

DISPLAY = "display"
PAGE = 100
PARALLEL = 5


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "export", run, summary="write images and their attributes into a folder",
        details="Each image is a file with a JSON file beside it, which `import folder` reads. Repeat the command to "
        "resume, or later to transfer only what has changed. With --json: one line for each image that has.",
        examples=(
            "export backup/",
            "export backup/ --delete --yes",
            "export holiday/ --group trip:1 --display",
            "export backup/ --all-owners --include-trashed",
        ),
    )  # fmt: skip
    parser.add_argument("folder", metavar="FOLDER", help="folder; it is created")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")
    renditions = parser.add_mutually_exclusive_group()
    renditions.add_argument(
        "--originals", dest="rendition", action="store_const", const=ORIGINAL, default=ORIGINAL,
        help="the bytes that were uploaded (default)",
    )  # fmt: skip
    renditions.add_argument(
        "--display", dest="rendition", action="store_const", const=DISPLAY,
        help="smaller pictures for looking at; their bytes are not those that were uploaded",
    )  # fmt: skip
    owners = parser.add_mutually_exclusive_group()
    owners.add_argument(
        "--all-owners",
        action="store_true",
        help="export the images of every owner; for API keys with the scopes act-as and images:admin",
    )
    owners.add_argument(
        "--owners",
        metavar="FILE",
        help="export the images of each owner in this file, one per line (`-` for stdin); for API keys with the scope "
        "act-as",
    )
    parser.add_argument(
        "--include-trashed",
        action="store_true",
        help="also export the trash; a sidecar says whether its image was in it",
    )
    parser.add_argument(
        "--delete",
        action="store_true",
        help="delete the files of images that the store does not have any more",
    )
    add_filters(parser)
    parser.add_argument("--sha256", type=sha256, metavar="HEX", help="only images with this checksum")
    add_parallel(parser, noun="download", default=PARALLEL)
    add_yes(parser)


def run(context: Context) -> Exit:
    """Export."""
    args = context.args
    folder = Path(args.folder)
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder.")
    if args.dry_run:
        return _export(context, folder, read_entries(folder / INDEX), None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as failed:
        raise UsageError(f"{folder} cannot be created: {failed.strerror}.") from failed
    with ExportIndex(folder) as index:
        return _export(context, folder, index.entries, index)


def _export(
    context: Context, folder: Path, entries: Mapping[str, IndexEntry], index: ExportIndex | None
) -> Exit:
    args = context.args
    filters: dict[str, Any] = filters_of(args) | {"sha256": args.sha256, "order": "asc"}
    if others := {entry.rendition for entry in entries.values()} - {args.rendition}:
        raise UsageError(
            f"{folder} has an export of {'/'.join(sorted(others))} files: "
            f"use another folder for {args.rendition} files."
        )
    if args.include_trashed and (filters["group"] or filters["sha256"]):
        raise UsageError(
            "The trash has no list by group or checksum: leave out --include-trashed or the filter."
        )
    owners = _owners(context)
    files = ImageFiles(
        folder,
        entries,
        rendition=args.rendition,
        with_owners=owners is not None,
        include_trashed=args.include_trashed,
    )
    export_run = ExportRun(context, folder, files, index, parallel=args.parallel)
    if index is not None:
        export_run.remove_leftovers()
    stores = [context.api] if owners is None else [context.api.as_owner(owner) for owner in owners]
    for store in stores:
        for trashed in (None, True) if args.include_trashed else (None,):
            chosen = cast("ImageListFilters", filters | {"trashed": trashed})
            export_run.export(store, store.images.list(page_size=PAGE, **chosen))
    if args.delete:
        gone = export_run.find_gone(list(entries.values()))
        question = f"Delete the files of {plural(len(gone), 'image')} in {folder}?"
        if gone and (args.dry_run or context.confirm(question, place=str(folder))):
            export_run.delete(gone)
    if index is not None:
        index.compact()
    return export_run.end()


def _owners(context: Context) -> list[str] | None:
    """The owners of `--owners` or `--all-owners`, each once; None without these options."""
    name, takes_all = context.args.owners, context.args.all_owners
    if name is None and not takes_all:
        return None
    if context.settings.acting_for is not None:
        option = "--all-owners" if takes_all else "--owners"
        raise UsageError(f"{option} and --as both say whose images: use one of them.")
    if takes_all:
        return [owner["owner_id"] for owner in context.api.admin.owners()]
    lines = read_text(name, context.stdin).splitlines()
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))
