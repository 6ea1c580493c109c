"""`image-store generate`: generates images from prompts, and shows the progress of the job."""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from image_store_cli.arguments import VISIBILITIES, add_command, count, group, pixel_size, positive
from image_store_cli.errors import UsageError
from image_store_cli.exits import Exit
from image_store_cli.ids import STDIN, safe_id
from image_store_cli.texts import moment, plain, plural
from image_store_cli.waiting import wait_for_end

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from rich.console import Console

    from image_store_cli.arguments import Commands
    from image_store_cli.context import Context

PATH = "/v1/generations"
ENDED = ("succeeded", "partial", "failed", "cancelled")
OF_ITEM = ("n", "size", "quality", "seed", "negative_prompt", "visibility", "title", "category")


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "generate", run, summary="generate images from prompts",
        details="Waits for the job and shows its progress; Ctrl-C does not stop the job. With --json: the job.",
        examples=(
            "generate 'a cat in a garden' -n 2 --size 1024x1024",
            "generate --from prompts.jsonl --provider openai --no-wait",
            "generate --watch JOB",
        ),
    )  # fmt: skip
    parser.add_argument("prompts", nargs="*", metavar="PROMPT", help="description of an image")
    parser.add_argument(
        "--from", dest="file", metavar="FILE",
        help="JSON lines, each an item of the API's request; `-` for stdin",
    )  # fmt: skip
    images = parser.add_argument_group("images")
    images.add_argument("--provider")
    images.add_argument("--model")
    images.add_argument("-n", type=positive, metavar="N", help="images per prompt")
    images.add_argument("--size", type=pixel_size, metavar="WxH")
    images.add_argument("--quality")
    images.add_argument("--seed", type=count, metavar="N")
    images.add_argument("--negative-prompt", metavar="TEXT")
    images.add_argument("--reference", action="append", metavar="ID", help="reference image; may be repeated")
    images.add_argument("--visibility", choices=VISIBILITIES)
    images.add_argument("--title")
    images.add_argument("--category")
    images.add_argument("--tag", action="append", metavar="TAG", help="may be repeated")
    images.add_argument("--group", action="append", metavar="TYPE:ID", type=group, help="may be repeated")
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the job")
    jobs = parser.add_mutually_exclusive_group()
    jobs.add_argument("--watch", metavar="JOB", help="wait for an existing job")
    jobs.add_argument("--retry", metavar="JOB", help="retry the failed images of a job")
    jobs.add_argument("--cancel", metavar="JOB", help="stop a job")
    jobs.add_argument("--jobs", action="store_true", help="list the jobs")


def run(context: Context) -> Exit:
    """Generate images, or watch, retry, cancel or list jobs."""
    args = context.args
    is_about_jobs = bool(args.watch or args.retry or args.cancel or args.jobs)
    if is_about_jobs == bool(args.prompts or args.file):
        raise UsageError("Use either prompts or --from, or one of --watch, --retry, --cancel and --jobs.")
    if args.jobs:
        return _list(context)
    if args.cancel:
        context.show_target()
        return _print(context, context.api.request("DELETE", f"{PATH}/{safe_id(args.cancel)}").json())
    if args.watch:
        job = context.api.get(f"{PATH}/{safe_id(args.watch)}")
    elif args.retry:
        job = context.api.post(f"{PATH}/{safe_id(args.retry)}/retry")
    else:
        # With its own key the request can be repeated after a lost response, and is paid for once.
        job = context.api.post(PATH, _request_body(context), key=str(uuid.uuid4()))
    context.out.note(f"Job {job['id']}")
    if args.no_wait:
        return _print(context, job)
    return _print(context, _wait(context, job))


def _request_body(context: Context) -> dict[str, Any]:
    args = context.args
    common = {name: getattr(args, name) for name in OF_ITEM}
    common |= {"reference_ids": args.reference, "tags": args.tag, "groups": _groups(args.group)}
    attributes = {name: value for name, value in common.items() if value is not None}
    items: list[dict[str, Any]] = [{"prompt": prompt} for prompt in args.prompts]
    if args.file:
        items += _items(args.file)
    body: dict[str, Any] = {"items": [attributes | item for item in items]}
    return body | {name: value for name in ("provider", "model") if (value := getattr(args, name))}


def _groups(names: list[str] | None) -> dict[str, list[str]] | None:
    if names is None:
        return None
    groups: dict[str, list[str]] = {}
    for name in names:
        kind, _, member = name.partition(":")
        groups.setdefault(kind, []).append(member)
    return groups


def _items(name: str) -> list[dict[str, Any]]:
    place = "stdin" if name == STDIN else name
    try:
        text = sys.stdin.read() if name == STDIN else Path(name).read_text()
    except OSError as unreadable:
        raise UsageError(f"{name} cannot be read: {unreadable.strerror}.") from unreadable
    except UnicodeDecodeError as binary:
        raise UsageError(f"{place} is not UTF-8 text.") from binary
    items = [
        _item(line, at=f"{place}, line {number}")
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip()
    ]
    if not items or not all(isinstance(item, dict) for item in items):
        raise UsageError(f"{name} must have at least one line, and a JSON object in each line.")
    return items


def _item(line: str, *, at: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as broken:
        raise UsageError(f"{at} is not JSON.") from broken


def _wait(context: Context, job: dict[str, Any]) -> dict[str, Any]:
    """Wait until the job ends, and print each item once when it ends."""
    printed: set[int] = set()

    def progress_of(state: dict[str, Any]) -> dict[str, Any]:
        for item in state["items"]:
            if item["status"] in ENDED and item["index"] not in printed:
                printed.add(item["index"])
                context.out.note(_item_line(item))
        figures = state["progress"]
        return {
            "total": figures["total"],
            "completed": figures["succeeded"] + figures["failed"],
            "description": f"{state['status']}, {figures['running']} running, {figures['failed']} failed",
        }

    return wait_for_end(
        context,
        job,
        path=f"{PATH}/{safe_id(job['id'])}",
        ended=ENDED,
        description="generating",
        progress_of=progress_of,
        resume_hint=f"The job continues: `image-store generate --watch {job['id']}` shows it, --cancel stops it.",
    )


def _item_line(item: dict[str, Any]) -> str:
    if item.get("error"):
        error = item["error"]
        why = error.get("detail") or error.get("code") if isinstance(error, dict) else str(error)
        return f"{item['index']}: {item['status']}: {why}"
    seconds = f", {item['duration_ms'] / 1000:.1f} s" if item.get("duration_ms") else ""
    cost = f", ${item['cost_usd']:.4f}" if item.get("cost_usd") is not None else ""
    maker = f" by {item['provider']} {item.get('model') or ''}".rstrip() if item.get("provider") else ""
    return f"{item['index']}: {item['status']}{maker}{seconds}{cost}"


def _print(context: Context, job: dict[str, Any]) -> Exit:
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


def _list(context: Context) -> Exit:
    for job in context.api.pages(PATH):
        figures = job["progress"]
        line = f"{job['id']}  {job['status']:9}  {figures['succeeded']}/{figures['total']}  {moment(job['created_at'])}"
        context.out.line(job, Text(plain(line)))
    return Exit.OK
