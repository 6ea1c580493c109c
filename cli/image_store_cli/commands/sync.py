"""`image-store sync`: makes a folder and a selection of images alike, in one direction."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from image_store_cli.command_line.arguments import add_command, add_parallel, add_yes
from image_store_cli.display.texts import plural
from image_store_cli.errors import UsageError
from image_store_cli.store.each import outcome
from image_store_cli.sync.checksums import Checksums, default_path
from image_store_cli.sync.places import FORMS, ImageSelection, parse_place
from image_store_cli.sync.plans import plan_download, plan_upload
from image_store_cli.sync.sync_run import DELETE, DOWNLOAD, TRASH, UPLOAD, Step, SyncRun

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "sync", run, summary="copy what is missing between a folder and a group",
        details="Compares checksums, not names. Repeat the command to resume. "
        "With --json: one line for each picture that was copied or deleted.",
        examples=(
            "sync photos/ group:trip:1",
            "sync group:trip:1 photos/ --dry-run",
            "sync photos/ tag:holiday --delete",
        ),
    )  # fmt: skip
    parser.add_argument("source", metavar="SOURCE", help=f"folder, or a selection of images: {FORMS}")
    parser.add_argument("destination", metavar="DESTINATION", help="selection, or a folder")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")
    parser.add_argument(
        "--delete",
        action="store_true",
        help=f"move what SOURCE does not have to the trash; files into {TRASH}",
    )
    parser.add_argument(
        "--hidden", action="store_true", help="include files and folders that begin with a dot"
    )
    add_parallel(parser, noun="transfer")
    add_yes(parser)


def run(context: Context) -> Exit:
    """Sync."""
    args = context.args
    source, destination = parse_place(args.source), parse_place(args.destination)
    checksums = Checksums(context.api, default_path(context.environment, context.settings.url))
    if isinstance(source, Path) and isinstance(destination, ImageSelection):
        if not source.is_dir():
            raise UsageError(f"There is no folder {source}.")
        return _up(context, SyncRun(context, source, destination, checksums, parallel=args.parallel))
    if isinstance(source, ImageSelection) and isinstance(destination, Path):
        if os.path.lexists(destination) and not destination.is_dir():
            raise UsageError(f"{destination} is not a folder.")
        return _down(context, SyncRun(context, destination, source, checksums, parallel=args.parallel))
    raise UsageError(
        f"One of SOURCE and DESTINATION is a folder, and the other a selection of images: {FORMS}."
    )


def _up(context: Context, sync: SyncRun) -> Exit:
    """Make the selection like the folder."""
    args = context.args
    files, images = sync.read_files(hidden=args.hidden), sync.read_images()
    plan = plan_upload(files, images)
    deletions = plan.deletions if args.delete else ()
    if args.dry_run:
        for file in plan.uploads:
            sync.report(Step(UPLOAD, path=file.path, sha256=file.sha256), dry_run=True)
        for image in deletions:
            sync.report(
                Step(DELETE, path=image.filename, image_id=image.id, sha256=image.sha256), dry_run=True
            )
        return _end(context, sync, planned=len(plan.uploads) + len(deletions))
    question = f"Move {plural(len(deletions), 'image')} of {sync.selection} to the trash?"
    if deletions and not context.confirm(question):
        deletions = ()
    sync.upload(plan.uploads)
    if not _stays_undeleted(context, sync, len(deletions)):
        sync.delete_images(deletions)
    return _end(context, sync, planned=len(plan.uploads) + len(deletions))


def _down(context: Context, sync: SyncRun) -> Exit:
    """Make the folder like the selection."""
    args = context.args
    files, images = sync.read_files(hidden=args.hidden), sync.read_images()
    names = os.listdir(sync.folder) if sync.folder.is_dir() else ()
    plan = plan_download(images, files, names=names)
    deletions = plan.deletions if args.delete else ()
    if args.dry_run:
        for image, name in plan.downloads:
            sync.report(Step(DOWNLOAD, str(sync.folder / name), image.id, image.sha256), dry_run=True)
        for file in deletions:
            sync.report(Step(DELETE, path=file.path, sha256=file.sha256), dry_run=True)
        return _end(context, sync, planned=len(plan.downloads) + len(deletions))
    question = f"Move {plural(len(deletions), 'file')} to {sync.folder / TRASH}?"
    if deletions and not context.confirm(question):
        deletions = ()
    sync.download(plan.downloads)
    if not _stays_undeleted(context, sync, len(deletions)):
        sync.delete_files(deletions)
    return _end(context, sync, planned=len(plan.downloads) + len(deletions))


def _stays_undeleted(context: Context, sync: SyncRun, number: int) -> bool:
    """Whether nothing is deleted because something failed: it could be what a deleted picture should be replaced by."""
    if number and sync.failures:
        context.out.note("Nothing was deleted, because something failed.")
    return bool(sync.failures)


def _end(context: Context, sync: SyncRun, *, planned: int) -> Exit:
    if not planned and not sync.failures:
        context.out.note(f"{sync.folder} and {sync.selection}: there is nothing to do.")
    elif not context.args.dry_run:
        context.out.note(f"{sync.number_done} done, {len(sync.failures)} failed.")
    if any(failure.may_pass for failure in sync.failures):
        context.out.note("Repeat the command to retry those that failed.")
    return outcome(sync.failures, of=sync.number_done + len(sync.failures))
