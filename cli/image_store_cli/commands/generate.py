"""`image-store generate`: generates images from prompts, and shows the progress of the job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from image_store_cli.command_line.arguments import (
    VISIBILITIES,
    add_command,
    count,
    group,
    groups_body,
    pixel_size,
    positive,
)
from image_store_cli.command_line.ids import STDIN
from image_store_cli.command_line.text_input import read_text
from image_store_cli.display.job_progress import add_no_wait, print_job, wait_for_job
from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit
    from image_store_client.schemas import GenerationRequest

OF_ITEM = (
    "n", "size", "quality", "background", "output_format", "seed", "negative_prompt", "visibility", "title", "category",
)  # fmt: skip
BACKGROUNDS = ("auto", "opaque", "transparent")
OUTPUT_FORMATS = ("png", "jpeg", "webp")


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "generate", run, summary="generate images from prompts",
        details="Waits for the job and shows its progress; Ctrl-C does not stop the job. With --json: the job.",
        examples=(
            "generate 'a cat in a garden' -n 2 --size 1024x1024",
            "generate --from prompts.jsonl --provider openai --no-wait",
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
    images.add_argument("--background", choices=BACKGROUNDS)
    images.add_argument("--format", dest="output_format", choices=OUTPUT_FORMATS)
    images.add_argument("--seed", type=count, metavar="N")
    images.add_argument("--negative-prompt", metavar="TEXT")
    images.add_argument("--reference", action="append", metavar="ID", help="reference image; may be repeated")
    images.add_argument("--visibility", choices=VISIBILITIES)
    images.add_argument("--title")
    images.add_argument("--category")
    images.add_argument("--tag", action="append", metavar="TAG", help="may be repeated")
    images.add_argument("--group", action="append", metavar="TYPE:ID", type=group, help="may be repeated")
    add_no_wait(parser)


def run(context: Context) -> Exit:
    """Generate images."""
    args = context.args
    if not args.prompts and not args.file:
        raise UsageError("Use prompts or --from.")
    job = context.api.jobs.create(_request_of(context))
    context.out.note(f"Job {job['id']}")
    return print_job(context, job if args.no_wait else wait_for_job(context, job))


def _request_of(context: Context) -> GenerationRequest:
    args = context.args
    common = {name: getattr(args, name) for name in OF_ITEM}
    common |= {
        "reference_ids": args.reference,
        "tags": args.tag,
        "groups": groups_body(args.group) if args.group else None,
    }
    attributes = {name: value for name, value in common.items() if value is not None}
    items: list[dict[str, Any]] = [{"prompt": prompt} for prompt in args.prompts]
    if args.file:
        items += _items(args.file, read_text(args.file, context.stdin))
    maker = {name: value for name in ("provider", "model") if (value := getattr(args, name))}
    return cast("GenerationRequest", {"items": [attributes | item for item in items], **maker})


def _items(name: str, text: str) -> list[dict[str, Any]]:
    place = "stdin" if name == STDIN else name
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
