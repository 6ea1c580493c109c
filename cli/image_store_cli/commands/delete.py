"""`image-store delete`: moves images to the trash, or deletes them for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from image_store_cli.command_line.arguments import add_command, add_yes, group
from image_store_cli.command_line.ids import read_ids
from image_store_cli.display.texts import plural
from image_store_cli.errors import UsageError
from image_store_cli.store.each import outcome, report_failure
from image_store_cli.store.error_translation import item_refusal

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.errors import CommandError
    from image_store_cli.exits import Exit
    from image_store_client.schemas import BatchDeleteResult


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "delete", run, summary="delete images",
        details="Moves them to the trash unless --permanent. With --json: one line for each image.",
        examples=("delete ID", "delete --group trip:1 --yes", "delete ID --permanent"),
    )  # fmt: skip
    parser.add_argument(
        "ids", nargs="*", metavar="ID", help="id of an image; `-` reads ids from stdin, one per line"
    )
    parser.add_argument("--group", metavar="TYPE:ID", type=group, help="all images of a group")
    parser.add_argument(
        "--permanent", action="store_true", help="delete for good instead of moving to the trash"
    )
    add_yes(parser)


def run(context: Context) -> Exit:
    """Delete."""
    args = context.args
    if bool(args.ids) == bool(args.group):
        raise UsageError("Use either ids or --group.")
    ids = read_ids(args.ids, context.stdin)
    if not ids and not args.group:
        context.out.note("There are no ids on stdin.")
        return outcome([], of=0)
    images = f"all images of {args.group}" if args.group else plural(len(ids), "image")
    question = f"Delete {images} for good?" if args.permanent else f"Move {images} to the trash?"
    if not context.confirm(question):
        context.out.note("Nothing was deleted.")
        return outcome([], of=0)
    failures: list[CommandError] = []

    def report(result: BatchDeleteResult) -> None:
        for image_id in result["successful"]:
            context.out.line({"id": image_id, "deleted": True}, Text(f"deleted  {image_id}"))
        for failed in result["failed"]:
            refusal = item_refusal(failed["error"])
            failures.append(refusal)
            report_failure(context, failed["id"], refusal)

    result = context.api.images.delete_many(
        None if args.group else ids, group=args.group, permanent=args.permanent, on_progress=report
    )
    deleted = len(result["successful"])
    context.out.note(f"{plural(deleted, 'image')} deleted, {len(failures)} failed.")
    return outcome(failures, of=deleted + len(failures))
