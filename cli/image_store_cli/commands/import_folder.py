"""`image-store import folder`: imports a folder of pictures, with the attributes of an export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.arguments import (
    DUPLICATES,
    add_command,
    add_parallel,
    add_shared_attributes,
)
from image_store_cli.display.texts import plural
from image_store_cli.errors import UsageError
from image_store_cli.folder_imports.folder_items import read_folder
from image_store_cli.folder_imports.import_run import ImportRun
from image_store_cli.uploads import journal
from image_store_cli.uploads.uploader import attributes_body

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.command_line.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit

ATTRIBUTES = ("kind", "visibility", "category", "tag", "group", "cache_control", "expires_at")
PARALLEL = 5


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command to those of `import`."""
    parser = add_command(
        commands, common, "folder", run, summary="import a folder, such as an export", needs_admin=True,
        details="A picture gets the attributes of its sidecar, if an export wrote one. Repeat the command to resume. "
        "With --json: one line for each picture.",
        examples=(
            "import folder photos/ --dry-run",
            "import folder photos/ --folders-as-groups --tag holiday",
            "import folder export/ --map ids.csv",
        ),
    )  # fmt: skip
    parser.add_argument("folder", metavar="FOLDER", help="folder with pictures, also in its subfolders")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be imported")
    parser.add_argument("--map", metavar="FILE", help="write which image each file became, as CSV")
    attributes = parser.add_argument_group(
        "attributes", "Tags and groups are added to those of a sidecar; others replace them."
    )
    add_shared_attributes(attributes)
    attributes.add_argument(
        "--folders-as-groups",
        action="store_true",
        help="put the images of each subfolder into the group `folder:SUBFOLDER`",
    )
    attributes.add_argument(
        "--keep-owners",
        action="store_true",
        help="import each image for the owner of its sidecar; for API keys with the scope act-as",
    )
    attributes.add_argument(
        "--include-trashed",
        action="store_true",
        help="import images that were in the trash into the trash, as private images",
    )
    transfer = parser.add_argument_group("transfer")
    transfer.add_argument(
        "--on-duplicate",
        choices=DUPLICATES,
        help="if the bytes are stored already: return their image (default), keep both (default with a sidecar), or "
        "fail",
    )
    add_parallel(transfer, noun="upload", default=PARALLEL)
    transfer.add_argument(
        "--hidden", action="store_true", help="include files and folders that begin with a dot"
    )
    transfer.add_argument(
        "--journal", metavar="FILE", help="file that records progress (default: below ~/.local/state)"
    )


def run(context: Context) -> Exit:
    """Import."""
    args = context.args
    folder = Path(args.folder)
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.")
    contents = read_folder(
        folder, _attributes_of(context), folders_as_groups=args.folders_as_groups, hidden=args.hidden
    )
    if contents.skipped:
        context.out.note(f"Skipped {plural(len(contents.skipped), 'file')} of another type.")
    with journal.Journal(_journal_path(context, folder)) as import_journal:
        import_run = ImportRun(
            context,
            import_journal,
            on_duplicate=args.on_duplicate,
            keep_owners=args.keep_owners,
            include_trashed=args.include_trashed,
            parallel=args.parallel,
        )
        try:
            return import_run.run(contents.items, contents.bad, dry_run=args.dry_run)
        finally:
            if args.map and not args.dry_run:
                import_run.write_map(Path(args.map), contents.items)


def _attributes_of(context: Context) -> dict[str, Any]:
    """The attributes among the options, as the API has them."""
    options = {name: getattr(context.args, name) for name in ATTRIBUTES}
    return attributes_body({name: value for name, value in options.items() if value is not None})


def _journal_path(context: Context, folder: Path) -> Path:
    if context.args.journal:
        return Path(context.args.journal)
    return journal.default_path(
        context.environment, context.settings.url, context.caller, "import folder", str(folder.absolute())
    )
