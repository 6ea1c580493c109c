"""`image-store`: reads the command line, runs one command, and returns its exit code."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from image_store_cli.command_line.parser import build_parser
from image_store_cli.context import Context
from image_store_cli.display.output import Output
from image_store_cli.errors import CommandError, UsageError
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; errors of the user are printed and not raised."""
    words = sys.argv[1:] if argv is None else argv
    try:
        args = build_parser().parse_args(words)
    except UsageError as wrong:
        Output(as_json="--json" in words).error(wrong)
        return wrong.exit
    if args.run is None:
        args.parser.print_help()
        return Exit.OK
    signal.signal(signal.SIGTERM, _stop)
    try:
        return run(Context(args))
    except BrokenPipeError:  # as in `image-store list | head`: end without a message, as other programs do
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OUTPUT_CLOSED


def _stop(*_: object) -> NoReturn:
    """End as after Ctrl-C; without a SIGINT, which background jobs of a script ignore."""
    raise KeyboardInterrupt


def run(context: Context) -> Exit:
    """Run the parsed command; an error is printed and becomes the exit code."""
    try:
        result: Exit = context.args.run(context)
        context.out.stdout.flush()
    except CommandError as failed:
        context.out.error(failed)
        return failed.exit
    except KeyboardInterrupt:
        context.out.note("Interrupted.")
        return Exit.INTERRUPTED
    finally:
        context.close()
    return result
