"""`image-store backup`: backs up, lists the runs of the backup, verifies and restores it; for admins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.arguments import add_command, add_command_group, add_waiting, at_most, count
from image_store_cli.command_line.ids import safe_id
from image_store_cli.commands.recoveries import add_recovery_options, run_recovery
from image_store_cli.display.lists import print_errors, print_list
from image_store_cli.display.tables import new_table
from image_store_cli.display.texts import moment, plural
from image_store_cli.display.waiting import wait_for_end
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable

    from rich.console import Console
    from rich.table import Table

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_client.schemas import Backup, BackupRequest

MOST_RUNS = 100
ENDED = ("succeeded", "failed")
REASONS = {
    "another_run": "another run is under way; try again later",
    "damaged": "the backup is damaged; `image-store backup run --full` replaces damaged copies",
    "deadline": "one step takes longer than the function may run",
    "internal_error": "the log of the function `backup` says why; a secret without keys is the usual reason",
    "interrupted": "the function was interrupted; the next run continues",
    "shrunk": "more than half of the images are gone, so the full pass before stays. If they were lost, restore them: "
    "docs/recovery.md",
    "storage_unavailable": "the table, the private bucket or the backup store did not answer as it should; "
    "check the bucket and its keys",
}


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command with its own commands."""
    inner = add_command_group(
        commands, "backup", summary="back up everything, verify the backup, and restore it",
        details="A schedule backs up what has changed. These commands start a run at once, show past runs, and verify.",
        examples=("backup run", "backup list", "backup verify --deep"),
    )  # fmt: skip
    run = add_command(
        inner, common, "run", _run, summary="back up what has changed, now", needs_admin=True,
        details="An interruption does not stop it. With --json: the run.",
        examples=("backup run", "backup run --full", "backup run --accept-loss 120", "backup run --status RUN"),
    )  # fmt: skip
    run.add_argument("--full", action="store_true", help="read every record again")
    run.add_argument(
        "--accept-loss", type=count, metavar="N",
        help="also if N images are gone since the last full pass, as a run has told you",
    )  # fmt: skip
    add_waiting(run, noun="run")
    verify = add_command(
        inner, common, "verify", _verify, summary="compare the backup with its last manifest", needs_admin=True,
        details="It compares each file of records by its checksum, and looks for each original. With --json: the run.",
        examples=("backup verify", "backup verify --deep"),
    )  # fmt: skip
    verify.add_argument("--deep", action="store_true", help="read every byte of the originals in the backup")
    add_waiting(verify, noun="run")
    restore = add_command(
        inner, common, "restore", _restore, summary="restore what the store has lost", needs_admin=True,
        details="As of a manifest, by default the newest. Nothing that exists changes, and images come back private. "
        "Cleanup waits until it ends. An interruption does not stop it. With --json: the restore.",
        examples=(
            "backup restore --dry-run", "backup restore", "backup restore MANIFEST --publish --access",
            "backup restore --owner alice", "backup restore MANIFEST --image ID --include-ended",
            "backup restore --status RESTORE",
        ),
    )  # fmt: skip
    restore.add_argument(
        "manifest", nargs="?", metavar="MANIFEST", help="the manifest to restore, from `backup list`"
    )
    restore.add_argument("--owner", metavar="OWNER", help="only the images of this owner")
    restore.add_argument("--image", metavar="ID", help="only this image")
    restore.add_argument("--publish", action="store_true", help="publish images again, under the same links")
    restore.add_argument(
        "--access", action="store_true", help="also API keys, shares, webhooks and keys of providers"
    )
    restore.add_argument("--stack", metavar="NAME", help="the stack whose backup it is, if it is another one")
    restore.add_argument("--other-key", action="store_true", help="even if another KMS key sealed the texts")
    restore.add_argument("--without-sealed", action="store_true", help="leave out sealed texts")
    add_recovery_options(restore, "restore")
    list_command = add_command(
        inner, common, "list", _list, summary="list the last runs", needs_admin=True,
        details="The newest first, of the last 90 days. With --json: one run per line.", examples=("backup list",),
    )  # fmt: skip
    list_command.add_argument(
        "--limit",
        type=at_most(MOST_RUNS),
        default=20,
        metavar="N",
        help=f"how many, at most {MOST_RUNS} (default: 20)",
    )


def _restore(context: Context) -> Exit:
    args = context.args
    if args.image is not None and args.owner is not None:
        raise UsageError("--image and --owner do not go together.")
    flags = {name: getattr(args, name) for name in ("publish", "access", "other_key", "without_sealed")}
    names = {"manifest": args.manifest, "owner": args.owner, "image_id": args.image, "stack": args.stack}
    request = flags | {name: value for name, value in names.items() if value is not None}
    restores = context.api.admin.restores
    return run_recovery(context, "restore", create=restores.create, get=restores.get, request=request)


def _run(context: Context) -> Exit:
    args = context.args
    request: BackupRequest = {"task": "run", "full": args.full}
    if args.accept_loss is not None:
        request["accept_loss"] = args.accept_loss
    backup = _begin_and_wait(context, request, "backing up")
    exit_code = _end(context, backup)
    gone = _gone(backup)
    is_seen = context.stdin.isatty() and not context.out.as_json and args.status is None
    if backup["stopped_because"] == "shrunk" and gone and is_seen:
        question = (
            f"Go on without {plural(gone, 'image')}? Their copies leave the backup after its retention."
        )
        if context.ask(question):
            again: BackupRequest = {"task": "run", "accept_loss": gone}
            return _end(context, _begin_and_wait(context, again, "backing up"))
    return exit_code


def _verify(context: Context) -> Exit:
    return _end(context, _begin_and_wait(context, {"task": "verify", "deep": context.args.deep}, "verifying"))


def _begin_and_wait(context: Context, request: BackupRequest, description: str) -> Backup:
    backups = context.api.admin.backups
    if context.args.status is not None:
        backup = backups.get(safe_id(context.args.status))
    else:
        context.show_target()
        backup = backups.create(**request)
        context.out.note(f"Run {backup['id']}")
    return backup if context.args.no_wait else _wait(context, backup, description)


def _wait(context: Context, backup: Backup, description: str) -> Backup:
    def progress_of(state: Backup) -> dict[str, Any]:
        return {"description": _figures(state)}

    return wait_for_end(
        context,
        backup,
        read=lambda: context.api.admin.backups.get(backup["id"]),
        ended=ENDED,
        description=description,
        progress_of=progress_of,
        resume_hint=f"The run continues: `image-store backup {backup['task']} --status {backup['id']}` shows it.",
    )


def _figures(backup: Backup) -> str:
    figures = backup["progress"]
    if backup["task"] == "verify":
        return f"{plural(figures['verified'], 'original')} verified, {figures['failed']} damaged"
    return (
        # A full pass writes what changed and then everything, so an image can have two of them.
        f"{plural(figures['images'], 'image record')}, {plural(figures['rows'], 'other row')} and "
        f"{plural(figures['deletions'], 'deletion')} written, {plural(figures['objects'], 'original')} copied, "
        f"{figures['failed']} failed"
    )


def _end(context: Context, backup: Backup) -> Exit:
    def human(console: Console) -> None:
        console.print(f"{backup['id']}  {backup['status']}: {_figures(backup)}", soft_wrap=True)
        if (reason := backup["stopped_because"]) is not None:
            console.print(f"  {REASONS.get(reason, reason)}", soft_wrap=True)
        if gone := _gone(backup):
            console.print(
                f"  {gone:,} of {backup['base_images_before']:,} images are gone since the full pass before",
                soft_wrap=True,
            )
            if reason == "shrunk":
                console.print(
                    f"  if somebody deleted them: `image-store backup run --accept-loss {gone}`",
                    soft_wrap=True,
                )
        print_errors(
            console, [f"{each['entity']}: {each['detail']} ({each['code']})" for each in backup["errors"]]
        )

    context.out.document(backup, human)
    return Exit.SOME_FAILED if backup["status"] == "failed" or backup["progress"]["failed"] else Exit.OK


def _gone(backup: Backup) -> int:
    """How many fewer images a full pass has found than the one before."""
    before, now = backup["base_images_before"], backup["base_images"]
    return 0 if before is None or now is None else max(0, before - now)


def _list(context: Context) -> Exit:
    return print_list(
        context,
        context.api.admin.backups.list(limit=context.args.limit),
        _table_of,
        empty="There has been no run of the backup.",
    )


def _table_of(backups: Iterable[Backup]) -> Table:
    table = new_table()
    for heading in ("run", "began", "task", "status", "manifest", "result"):
        table.add_column(heading, overflow="fold")
    for backup in backups:
        table.add_row(
            backup["id"],
            moment(backup["created_at"]),
            backup["task"],
            backup["status"],
            backup["manifest"] or "",
            _figures(backup),
        )
    return table
