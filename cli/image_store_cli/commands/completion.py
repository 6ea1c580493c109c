"""`image-store completion`: prints a completion script for a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_cli.command_line.arguments import add_command
from image_store_cli.command_line.completion import SHELLS, script
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "completion", run, summary="print a shell completion script",
        details="docs/command-line.md shows how each shell loads it.",
        examples=("completion bash", "completion fish"),
    )  # fmt: skip
    parser.add_argument("shell", choices=SHELLS)


def run(context: Context) -> Exit:
    """Print the script."""
    from image_store_cli.command_line.parser import build_parser

    context.out.stdout.write(script(build_parser(), context.args.shell))
    return Exit.OK
