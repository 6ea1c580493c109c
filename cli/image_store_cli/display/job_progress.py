"""Waits for generation jobs, and prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from image_store_cli.display.texts import plain, plural
from image_store_cli.display.waiting import wait_for_end
from image_store_cli.exits import Exit
from image_store_client.job_states import ENDED

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Mapping

    from rich.console import Console

    from image_store_cli.context import Context
    from image_store_client.schemas import Job


def add_no_wait(parser: ArgumentParser) -> None:
    """Add the option that ends the command while the job is running."""
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the job")


def wait_for_job(context: Context, job: Job) -> Job:
    """Wait until the job ends and return it; each item is printed once, when it ends."""
    printed: set[int] = set()

    def progress_of(state: Job) -> dict[str, Any]:
        for item in state["items"]:
            if item["status"] in ENDED and item["index"] not in printed:
                printed.add(item["index"])
                context.out.note(item_line(item))
        figures = state["progress"]
        return {
            "total": figures["total"],
            "completed": figures["succeeded"] + figures["failed"],
            "description": f"{state['status']}, {figures['running']} running, {figures['failed']} failed",
        }

    return wait_for_end(
        context,
        job,
        read=lambda: context.api.jobs.get(job["id"]),
        ended=ENDED,
        description="generating",
        progress_of=progress_of,
        resume_hint=f"The job continues: `image-store jobs watch {job['id']}` shows it, `jobs cancel` stops it.",
    )


def item_line(item: Mapping[str, Any]) -> str:
    """One item of a job as a line: its status, and its provider, time and cost or its error."""
    if item.get("error"):
        error = item["error"]
        why = error.get("detail") or error.get("code") if isinstance(error, dict) else str(error)
        return f"{item['index']}: {item['status']}: {why}"
    seconds = f", {item['duration_ms'] / 1000:.1f} s" if item.get("duration_ms") else ""
    cost = f", ${item['cost_usd']:.4f}" if item.get("cost_usd") is not None else ""
    maker = f" by {item['provider']} {item.get('model') or ''}".rstrip() if item.get("provider") else ""
    return f"{item['index']}: {item['status']}{maker}{seconds}{cost}"


def print_job(context: Context, job: Job) -> Exit:
    """Print the ids of the images of a job, and its state as a note; SOME_FAILED if some of it failed."""

    def human(console: Console) -> None:
        for item in job["items"]:
            if item.get("image_id"):
                console.print(Text(plain(str(item["image_id"]))))
        figures = job["progress"]
        cost = f", ${job['cost_usd']:.4f}" if job.get("cost_usd") is not None else ""
        context.out.note(
            f"Job {job['id']} {job['status']}: {figures['succeeded']} of {plural(figures['total'], 'picture')}{cost}."
        )

    context.out.document(job, human)
    if job["status"] == "failed" or (job["progress"]["failed"] and job["status"] in ENDED):
        return Exit.SOME_FAILED
    return Exit.OK
