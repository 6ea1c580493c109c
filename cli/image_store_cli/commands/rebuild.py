"""`image-store rebuild`: rebuilds search, feed and statistics, or lost records from the private bucket."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from image_store_cli.aws import LONGEST_RUN_SECONDS, call_operation
from image_store_cli.command_line.arguments import add_command, add_stack, add_yes
from image_store_cli.commands.recoveries import add_recovery_options, run_recovery
from image_store_cli.display.texts import plain
from image_store_cli.errors import NotOffered, Unavailable, UsageError
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context

FUNCTION = "RebuildFunction"
SHOWN_CHARS = 300
RESUME_HINT = "Not finished: search, feed and statistics stay as they were. Repeat the command to continue."


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "rebuild", run, summary="rebuild search and figures, or lost records", needs_admin=True,
        details="Invokes the stack's rebuild function until it ends; needs its AWS account and boto3. "
        "With --json: its last response. With --from-bucket it is a request to the API instead, and writes records for "
        "originals in the private bucket that have none, as private images. An interruption does not stop it.",
        examples=(
            "rebuild", "rebuild --profile prod --yes", "rebuild --from-bucket --dry-run", "rebuild --from-bucket",
            "rebuild --status REBUILD",
        ),
    )  # fmt: skip
    parser.add_argument(
        "--from-bucket", action="store_true", help="write lost records again, from the originals"
    )
    add_recovery_options(parser, "rebuild")
    add_stack(parser)
    add_yes(parser)


def run(context: Context) -> Exit:
    """Rebuild."""
    args = context.args
    rebuilds = context.api.admin.rebuilds if args.from_bucket or args.status else None
    if rebuilds is not None:
        return run_recovery(context, "rebuild", create=rebuilds.create, get=rebuilds.get)
    if args.dry_run or args.include_ended or args.take_over or args.no_wait:
        raise UsageError("--dry-run, --include-ended, --take-over and --no-wait go with --from-bucket.")
    account = context.account
    name = account.stack.resources.get(FUNCTION)
    if not name:
        raise NotOffered(f"The stack {account.stack.name} has no {FUNCTION}: its version cannot rebuild.")
    if not context.confirm("Rebuild search, feed and statistics?", place=account.place):
        context.out.note("Nothing was rebuilt.")
        return Exit.OK
    functions = account.client("lambda", read_timeout=LONGEST_RUN_SECONDS, tries=1)
    with context.out.progress() as progress:
        task = progress.add_task("rebuilding", total=None)
        try:
            while True:
                state = _slice(functions, name)
                progress.update(task, description=f"rebuilding, {state.get('examined', 0)} rows examined")
                if state.get("finished", True):
                    break
                pause = _pause(state.get("begins_at"))
                if pause > 0:
                    context.out.note(
                        f"It continues in {pause:.0f} s, when all running functions have noticed the rebuild."
                    )
                context.sleep(pause)
        except KeyboardInterrupt:
            context.out.note(RESUME_HINT)
            raise
    context.out.document(
        state, lambda console: console.print(f"Rebuilt: {state.get('examined', 0)} rows examined.")
    )
    return Exit.OK


def _slice(functions: Any, name: str) -> dict[str, Any]:
    """Invoke the function once and return its response."""
    answer = call_operation(functions, "invoke", FunctionName=name, Payload=b"{}")
    text = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        raise Unavailable(f"The rebuild function failed; see its log: {plain(text[:SHOWN_CHARS])}")
    state = json.loads(text)
    return state if isinstance(state, dict) else {}


def _pause(begins_at: str | None) -> float:
    """Seconds until the function may be invoked again."""
    if not begins_at:
        return 0.0
    return max(0.0, (datetime.fromisoformat(begins_at) - datetime.now(UTC)).total_seconds())
