"""`image-store cleanup`: lists what would be removed, asks, and removes it; for admins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from image_store_cli.command_line.arguments import add_command, add_yes, count
from image_store_cli.display.tables import new_table
from image_store_cli.display.texts import moment, size
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from rich.console import Console

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_client.schemas import CleanupReport, CleanupRequest

MEANINGS = {
    "abandoned": "uploads that were never finished",
    "expired": "images past their expiry",
    "trash": "images past their time in the trash",
    "deleted": "deletions carried to their end",
    "policies": "images that a policy moves to the trash",
    "tombstones": "remains of deleted images",
    "publications": "public copies that are no longer current",
    "staged": "abandoned direct uploads",
    "orphans": "objects without an image",
    "dangling": "images without their object",
    "renditions_missing": "missing renditions, which are made again",
    "copies_missing": "missing public copies, which are made again",
    "unknown": "objects of other programs, which stay",
}
NOT_REMOVED = ("renditions_missing", "copies_missing", "unknown")
"""Figures of objects that are not removed."""
STOPPED = {
    "another_run": "another run was in progress",
    "restore": "images are being restored",
    "deadline": "the time limit was reached; run it again for the rest",
    "cap": "the limit on removals was reached; --max-deletions raises it",
}


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "cleanup", run, summary="remove expired images and leftover files", needs_admin=True,
        details="Lists what it would remove, then asks. For admins. With --json: the last report.",
        examples=("cleanup --dry-run", "cleanup", "cleanup --reports"),
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="only list what would be removed")
    parser.add_argument("--reports", action="store_true", help="show past runs")
    parser.add_argument(
        "--max-deletions", type=count, metavar="N", help="replace the store's limit on removals"
    )
    add_yes(parser)


def run(context: Context) -> Exit:
    """Clean up."""
    args = context.args
    if args.reports:
        return _reports(context)
    plan = _run(context, dry=True)
    if args.dry_run:
        context.out.document(plan, lambda console: _print(console, plan))
        return _exit(plan)
    _print(context.out.errors, plan)
    if not _removals(plan) and plan["stopped_because"] is None:
        context.out.note("There is nothing to remove.")
        context.out.document(plan, lambda _: None)
        return _exit(plan)
    if not context.confirm("Remove this?"):
        context.out.note("Nothing was removed.")
        return Exit.OK
    report = _run(context, dry=False)
    context.out.document(report, lambda console: _print(console, report))
    return _exit(report)


def _run(context: Context, *, dry: bool) -> CleanupReport:
    request: CleanupRequest = {"dry_run": dry}
    if context.args.max_deletions is not None:
        request["max_deletions"] = context.args.max_deletions
    with context.out.progress() as progress:
        progress.add_task("checking" if dry else "removing", total=None)
        return context.api.admin.cleanup(**request)


def _reports(context: Context) -> Exit:
    reports = context.api.admin.cleanup_reports()

    def human(console: Console) -> None:
        table = new_table()
        for name in ("started", "removed", "freed", "failed", "stopped because"):
            table.add_column(name, no_wrap=True)
        for report in reports:
            table.add_row(
                moment(report["started_at"]),
                str(_removals(report)),
                size(report["bytes_freed"]),
                str(report["failed"]),
                report["stopped_because"] or "",
            )
        console.print(table)

    context.out.document(reports, human)
    return Exit.OK


def _figure(value: Any) -> int:
    return sum(value) if isinstance(value, list) else int(value or 0)


def _removals(report: CleanupReport) -> int:
    return sum(_figure(report.get(name)) for name in MEANINGS if name not in NOT_REMOVED)


def _print(console: Console, report: CleanupReport) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column()
    for name, meaning in MEANINGS.items():
        if number := _figure(report.get(name)):
            table.add_row(str(number), meaning)
    verb = "would be freed" if report["dry_run"] else "freed"
    table.add_row(size(report["bytes_freed"]), verb)
    if report["failed"]:
        table.add_row(str(report["failed"]), "failed; the next run tries them again")
    if report["stopped_because"]:
        table.add_row(
            "", f"stopped early: {STOPPED.get(report['stopped_because'], report['stopped_because'])}"
        )
    console.print(table)


def _exit(report: CleanupReport) -> Exit:
    return Exit.SOME_FAILED if report["failed"] else Exit.OK
