"""`image-store jobs`: lists, shows, watches, retries and cancels generation jobs."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from rich.text import Text

from image_store_cli.command_line.arguments import add_command, add_command_group, add_ids, add_limit
from image_store_cli.command_line.ids import read_ids, safe_id
from image_store_cli.display.job_progress import add_no_wait, item_line, print_job, wait_for_job
from image_store_cli.display.lists import print_list
from image_store_cli.display.tables import new_table
from image_store_cli.display.texts import moment, plain
from image_store_cli.exits import Exit
from image_store_cli.store.each import for_each

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable, Mapping

    from rich.console import Console
    from rich.table import Table

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context

LIMIT = 20
PAGE = 50


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command with its own commands."""
    inner = add_command_group(
        commands, "jobs", summary="watch, retry and cancel generation jobs",
        details="`image-store generate` starts a job.",
        examples=("jobs list", "jobs watch JOB", "jobs retry JOB"),
    )  # fmt: skip
    jobs = add_command(
        inner, common, "list", _list, summary="list your jobs, the newest first",
        details="With --json: one job per line.", examples=("jobs list --limit 5", "jobs list --all --json"),
    )  # fmt: skip
    add_limit(jobs, noun="job", default=LIMIT)
    show = add_command(
        inner, common, "show", _show, summary="show a job and its items",
        details="With --json: the response of the API.", examples=("jobs show JOB",),
    )  # fmt: skip
    watch = add_command(
        inner, common, "watch", _watch, summary="wait for a job and show its progress",
        details="Ctrl-C does not stop the job. With --json: the job.", examples=("jobs watch JOB",),
    )  # fmt: skip
    retry = add_command(
        inner, common, "retry", _retry, summary="make the failed images of a job again",
        details="Waits for the job, as `generate` does. With --json: the job.",
        examples=("jobs retry JOB", "jobs retry JOB --no-wait"),
    )  # fmt: skip
    add_no_wait(retry)
    for parser in (show, watch, retry):
        parser.add_argument("id", metavar="JOB", help="id of the job")
    cancel = add_command(
        inner, common, "cancel", _cancel, summary="stop jobs",
        details="Images that are finished stay. With --json: one job per line.", examples=("jobs cancel JOB",),
    )  # fmt: skip
    add_ids(cancel, metavar="JOB", noun="a job")


def _list(context: Context) -> Exit:
    args = context.args
    most = None if args.all else args.limit
    jobs = islice(context.api.jobs.list(page_size=min(most or PAGE, PAGE)), most)
    return print_list(context, jobs, _table_of, empty="No jobs.")


def _show(context: Context) -> Exit:
    job = context.api.jobs.get(safe_id(context.args.id))

    def human(console: Console) -> None:
        console.print(_table_of([job]))
        for item in job["items"]:
            image = f"  {item['image_id']}" if item.get("image_id") else ""
            console.print(Text(plain(f"{item_line(item)}{image}")), soft_wrap=True)

    context.out.document(job, human)
    return Exit.OK


def _watch(context: Context) -> Exit:
    job = context.api.jobs.get(safe_id(context.args.id))
    return print_job(context, wait_for_job(context, job))


def _retry(context: Context) -> Exit:
    job = context.api.jobs.retry(safe_id(context.args.id))
    return print_job(context, job if context.args.no_wait else wait_for_job(context, job))


def _cancel(context: Context) -> Exit:
    ids = read_ids(context.args.ids, context.stdin)
    context.show_target()
    return for_each(
        context, ids, context.api.jobs.cancel, describe=lambda job: f"{job['status']}  {job['id']}"
    )


def _table_of(jobs: Iterable[Mapping[str, Any]]) -> Table:
    table = new_table()
    for name in ("id", "status", "images", "created"):
        table.add_column(name, no_wrap=True)
    table.add_column("cost", justify="right", no_wrap=True)
    table.add_column("prompt", overflow="ellipsis", no_wrap=True)
    for job in jobs:
        figures, cost = job["progress"], job.get("cost_usd")
        table.add_row(
            str(job["id"]),
            str(job["status"]),
            f"{figures['succeeded']} of {figures['total']}",
            moment(job.get("created_at")),
            "" if cost is None else f"${cost:.4f}",
            Text(plain(job.get("prompt") or "")),
        )
    return table
