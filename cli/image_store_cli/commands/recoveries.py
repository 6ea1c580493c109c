"""What the commands of restores and rebuilds have in common: their options, the wait, and the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.arguments import add_waiting
from image_store_cli.command_line.ids import safe_id
from image_store_cli.display.lists import print_errors
from image_store_cli.display.texts import plural
from image_store_cli.display.waiting import wait_for_end
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Mapping

    from rich.console import Console

    from image_store_cli.context import Context
    from image_store_client.schemas import Recovery, RecoveryError

ENDED = ("succeeded", "failed")
STILL_BEING_DELETED = (
    "What was left out is still being deleted, which takes about an hour. Repeat the command then."
)


def add_recovery_options(parser: ArgumentParser, noun: str) -> None:
    """Add the options that restores and rebuilds share."""
    parser.add_argument("--dry-run", action="store_true", help="only count")
    parser.add_argument(
        "--include-ended", action="store_true", help="also images that were deleted since, or have expired"
    )
    parser.add_argument(
        "--take-over", action="store_true", help="end another restore or rebuild that has stopped"
    )
    add_waiting(parser, noun=noun)


def run_recovery(
    context: Context,
    noun: str,
    *,
    create: Callable[..., Recovery],
    get: Callable[[str], Recovery],
    request: Mapping[str, Any] | None = None,
) -> Exit:
    """Begin a recovery, or show one, and wait until it ends."""
    args = context.args
    if args.status is not None:
        recovery = get(safe_id(args.status))
    else:
        context.show_target()
        recovery = create(
            dry_run=args.dry_run,
            include_ended=args.include_ended,
            take_over=args.take_over,
            **(request or {}),
        )
        context.out.note(f"{noun.capitalize()} {recovery['id']}")
    if not args.no_wait:
        recovery = _wait(context, noun, recovery, get)
    return _end(context, recovery)


def _wait(context: Context, noun: str, recovery: Recovery, get: Callable[[str], Recovery]) -> Recovery:
    def progress_of(state: Recovery) -> dict[str, Any]:
        figures = state["progress"]
        examined = sum(figures[name] for name in ("images", "originals", "already_there", "ended", "failed"))
        return {"description": f"{plural(examined, 'image')} examined"}

    command = "rebuild" if noun == "rebuild" else "backup restore"
    return wait_for_end(
        context,
        recovery,
        read=lambda: get(recovery["id"]),
        ended=ENDED,
        description="examining",
        progress_of=progress_of,
        resume_hint=f"The {noun} continues: `image-store {command} --status {recovery['id']}` shows it.",
    )


def _end(context: Context, recovery: Recovery) -> Exit:
    figures = recovery["progress"]

    def human(console: Console) -> None:
        verb = "would be written" if recovery["dry_run"] else "written"
        console.print(
            f"{recovery['id']}  {recovery['status']}: {plural(figures['images'], 'record')} and "
            f"{plural(figures['originals'], 'original')} {verb}, {figures['already_there']} already there, "
            f"{figures['ended']} ended and left out, {plural(figures['rows'], 'other row')} {verb}, "
            f"{figures['rows_left_out']} left out, {plural(figures['repairs'], 'image')} to repair, "
            f"{figures['failed']} failed",
            soft_wrap=True,
        )
        if figures["ended"] and context.args.include_ended:
            console.print(STILL_BEING_DELETED, soft_wrap=True)
        if recovery["cleanup_waits"]:
            console.print("Cleanup waits for 7 days, so that you can try again.", soft_wrap=True)
        print_errors(
            console,
            [_line_of(error) for error in recovery["errors"]],
        )

    context.out.document(recovery, human)
    return Exit.SOME_FAILED if figures["failed"] or recovery["status"] == "failed" else Exit.OK


def _line_of(error: RecoveryError) -> str:
    """An error of a restore as a whole has no name of an image or a row."""
    name = f"{error['name']}: " if error["name"] else ""
    return f"{name}{error['detail']} ({error['code']})"
