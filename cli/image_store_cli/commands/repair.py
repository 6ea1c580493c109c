"""`image-store repair`: makes missing renditions and public copies again; for admins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.arguments import add_command, add_waiting
from image_store_cli.command_line.ids import safe_id
from image_store_cli.display.lists import print_errors
from image_store_cli.display.texts import plural
from image_store_cli.display.waiting import wait_for_end
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from rich.console import Console

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_client.schemas import Repair, RepairRequest

ENDED = ("succeeded",)
MOST_IDS = 100


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "repair", run, summary="make missing renditions and public copies again", needs_admin=True,
        details="Without IDs it examines every image of the store. It deletes nothing, and links stay as they are. "
        "An interruption does not stop it. With --json: the repair.",
        examples=("repair --dry-run", "repair", "repair --status REPAIR"),
    )  # fmt: skip
    parser.add_argument("ids", nargs="*", metavar="ID", help=f"images to repair, at most {MOST_IDS}")
    parser.add_argument("--dry-run", action="store_true", help="only count what is missing")
    add_waiting(parser, noun="repair")


def run(context: Context) -> Exit:
    """Repair."""
    args = context.args
    if args.status is not None:
        if args.ids or args.dry_run:
            raise UsageError("--status takes no image ids and no --dry-run.")
        repair = context.api.admin.repairs.get(safe_id(args.status))
    else:
        repair = _begin(context)
    return _end(context, repair if args.no_wait else _wait(context, repair))


def _begin(context: Context) -> Repair:
    args = context.args
    if len(args.ids) > MOST_IDS:
        raise UsageError(f"At most {MOST_IDS} images can be named; without IDs all are repaired.")
    request: RepairRequest = {"dry_run": args.dry_run}
    context.show_target()
    if args.ids:
        request["image_ids"] = [safe_id(each) for each in args.ids]
    repair = context.api.admin.repairs.create(**request)
    context.out.note(f"Repair {repair['id']}")
    return repair


def _wait(context: Context, repair: Repair) -> Repair:
    def progress_of(state: Repair) -> dict[str, Any]:
        return {"description": f"{plural(state['progress']['examined'], 'image')} examined"}

    return wait_for_end(
        context,
        repair,
        read=lambda: context.api.admin.repairs.get(repair["id"]),
        ended=ENDED,
        description="examining",
        progress_of=progress_of,
        resume_hint=f"The repair continues: `image-store repair --status {repair['id']}` shows it.",
    )


def _end(context: Context, repair: Repair) -> Exit:
    figures = repair["progress"]

    def human(console: Console) -> None:
        verb = "missing" if repair["dry_run"] else "made"
        console.print(
            f"{repair['id']}  {repair['status']}: {plural(figures['examined'], 'image')} examined, "
            f"{plural(figures['renditions'], 'rendition')} and {figures['copies']} public copies {verb}, "
            f"{plural(figures['originals_missing'], 'original')} missing, {figures['failed']} failed",
            soft_wrap=True,
        )
        print_errors(
            console,
            [f"{error['image_id']}: {error['detail']} ({error['code']})" for error in repair["errors"]],
        )

    context.out.document(repair, human)
    return Exit.SOME_FAILED if figures["failed"] or figures["originals_missing"] else Exit.OK
