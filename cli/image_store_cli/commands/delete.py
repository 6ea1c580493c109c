"""`image-store delete`: moves images to the trash, or deletes them for good."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any

from rich.text import Text

from image_store_cli.command_line.arguments import add_command, add_yes, group
from image_store_cli.command_line.ids import read_ids
from image_store_cli.display.texts import plural
from image_store_cli.errors import CommandError, RequestRefused, UsageError
from image_store_cli.store.each import outcome, report_failure
from image_store_cli.store.problems import item_problem

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit

BATCH = 100
PATH = "/v1/images/batch-delete"


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
    deleted = 0
    for result in _results(context, ids):
        deleted += len(result["successful"])
        for image_id in result["successful"]:
            context.out.line({"id": image_id, "deleted": True}, Text(f"deleted  {image_id}"))
        for failed in result["failed"]:
            refusal = RequestRefused(item_problem(failed["error"]))
            failures.append(refusal)
            report_failure(context, str(failed["id"]), refusal)
    context.out.note(f"{plural(deleted, 'image')} deleted, {len(failures)} failed.")
    return outcome(failures, of=deleted + len(failures))


def _results(context: Context, ids: list[str]) -> Iterator[dict[str, Any]]:
    args = context.args
    if not args.group:
        for batch in batched(ids, BATCH, strict=False):
            body = {"ids": list(batch), "permanent": args.permanent}
            yield context.api.post(PATH, body, repeatable=True)
        return
    cursor: str | None = None
    while True:
        body = {"group": args.group, "permanent": args.permanent} | ({"cursor": cursor} if cursor else {})
        result = context.api.post(PATH, body, repeatable=True)
        yield result
        cursor = result.get("next_cursor")
        if cursor is None:
            return
