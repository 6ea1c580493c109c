"""`image-store import`: brings images into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_cli.command_line.arguments import add_command_group
from image_store_cli.commands import import_folder, import_jobs

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command with its own commands."""
    inner = add_command_group(
        commands, "import", summary="bring images into the store",
        details="From a folder of this machine, such as an export, or from another store.",
        examples=("import folder photos/ --dry-run", "import start old-photos --owner alice --dry-run"),
    )  # fmt: skip
    import_folder.add_to(inner, common)
    import_jobs.add_to(inner, common)
