"""`image-store import start|status|records|cancel`: imports that the store does itself; for admins."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, cast

from image_store_cli.command_line.arguments import add_command
from image_store_cli.command_line.ids import safe_id
from image_store_cli.display.lists import print_errors
from image_store_cli.display.texts import cell, plural, size
from image_store_cli.display.waiting import wait_for_end
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from rich.console import Console

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_client.schemas import Import, ImportRequest

ENDED = ("succeeded", "failed", "cancelled")
PAGE_RECORDS = 1_000
COLUMNS = ("source_id", "source_url", "image_id", "error")


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the commands."""
    start = add_command(
        commands, common, "start", _start, summary="import from another store and wait for it", needs_admin=True,
        details="SOURCE is a name in the deployment's secret of imports. Interrupting the command does not stop the "
        "import. With --json: the import.",
        examples=("import start old --owner alice --dry-run", "import start old --owner alice --redirects"),
    )  # fmt: skip
    start.add_argument("source", metavar="SOURCE", help="name of the source in the secret")
    start.add_argument("--owner", required=True, metavar="SUBJECT", help="owner of all the images")
    start.add_argument(
        "--prefix", metavar="TEXT", help="only what begins so, by the ids, names or keys of the source"
    )
    start.add_argument(
        "--visibility", choices=("private", "unlisted", "public"),
        help="of all the images (default: unlisted for what is public at the source, otherwise private)",
    )  # fmt: skip
    start.add_argument(
        "--group",
        action="append",
        default=[],
        metavar="TYPE:ID",
        help="another group of every image; may be repeated",
    )
    start.add_argument(
        "--tag",
        action="append",
        default=[],
        metavar="TAG",
        help="another tag of every image; may be repeated",
    )
    start.add_argument("--redirects", action="store_true", help="let old paths below /m/ lead to the images")
    start.add_argument("--dry-run", action="store_true", help="only list, count and estimate")
    start.add_argument("--no-wait", action="store_true", help="do not wait for the end")
    status = add_command(
        commands, common, "status", _status, summary="show the progress of an import", needs_admin=True,
        examples=("import status IMPORT", "import status IMPORT --watch"),
    )  # fmt: skip
    status.add_argument("id", metavar="IMPORT", help="id of the import")
    status.add_argument("--watch", action="store_true", help="wait until it ends")
    records = add_command(
        commands, common, "records", _records, summary="list which image each image of the source became",
        details="CSV with a line for each image, also those that failed. With --json: one object per line.",
        examples=("import records IMPORT",), needs_admin=True,
    )  # fmt: skip
    records.add_argument("id", metavar="IMPORT", help="id of the import")
    cancel = add_command(
        commands, common, "cancel", _cancel, summary="end an import", needs_admin=True,
        details="What it has stored stays.", examples=("import cancel IMPORT",),
    )  # fmt: skip
    cancel.add_argument("id", metavar="IMPORT", help="id of the import")


def _start(context: Context) -> Exit:
    args = context.args
    context.show_target()
    job = context.api.admin.imports.create(**_request(args))
    context.out.note(f"Import {job['id']}")
    return _end(context, job if args.no_wait else _wait(context, job))


def _request(args: Namespace) -> ImportRequest:
    groups: dict[str, list[str]] = {}
    for group in args.group:
        kind, _, name = group.partition(":")
        groups.setdefault(kind, []).append(name)
    options: dict[str, Any] = {
        "prefix": args.prefix,
        "visibility": args.visibility,
        "groups": groups,
        "tags": args.tag,
        "redirects": args.redirects,
        "dry_run": args.dry_run,
    }
    request = {"source": args.source, "owner": args.owner}
    return cast("ImportRequest", request | {name: value for name, value in options.items() if value})


def _status(context: Context) -> Exit:
    job = context.api.admin.imports.get(safe_id(context.args.id))
    return _end(context, _wait(context, job) if context.args.watch else job)


def _records(context: Context) -> Exit:
    records = context.api.admin.imports.records(safe_id(context.args.id), page_size=PAGE_RECORDS)
    if context.args.json:
        for record in records:
            context.out.line(record, "")
        return Exit.OK
    writer = csv.writer(context.out.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in records:
        error = record["error"]
        texts = (
            record["source_id"],
            record["source_url"],
            record["image_id"],
            error["code"] if error else None,
        )
        writer.writerow([cell(text or "") for text in texts])
    return Exit.OK


def _cancel(context: Context) -> Exit:
    job = context.api.admin.imports.cancel(safe_id(context.args.id))
    _show(context, job)
    return Exit.OK


def _wait(context: Context, job: Import) -> Import:
    def progress_of(state: Import) -> dict[str, Any]:
        figures = state["progress"]
        waits = ", the source asks to wait" if state["status"] == "waiting" else ""
        return {
            "description": f"{plural(figures['listed'], 'image')} listed, {figures['failed']} failed{waits}"
        }

    return wait_for_end(
        context,
        job,
        read=lambda: context.api.admin.imports.get(job["id"]),
        ended=ENDED,
        description="listing",
        progress_of=progress_of,
        resume_hint=f"The import continues: `image-store import status {job['id']} --watch` shows it.",
    )


def _end(context: Context, job: Import) -> Exit:
    _show(context, job)
    return Exit.SOME_FAILED if job["status"] == "failed" or job["progress"]["failed"] else Exit.OK


def _show(context: Context, job: Import) -> None:
    def human(console: Console) -> None:
        figures, estimate = job["progress"], job["estimate"]
        would = "would be " if job["dry_run"] else ""
        unknown = f" and {plural(figures['unsized'], 'image')} of unknown size" if figures["unsized"] else ""
        console.print(
            f"{job['id']}  {job['status']}: {figures['stored']} {would}stored, {size(figures['size_bytes'])}{unknown}, "
            f"{figures['existed']} imported before, {figures['failed']} failed",
            soft_wrap=True,
        )
        if estimate is not None:
            text = f"about ${estimate['once_usd']:.2f} once and ${estimate['monthly_usd']:.2f} a month"
            console.print(f"The costs here: {text}, without free tiers", soft_wrap=True)
        print_errors(
            console, [f"{error['source_id']}: {error['detail']} ({error['code']})" for error in job["errors"]]
        )

    context.out.document(job, human)
