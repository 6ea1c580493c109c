"""`image-store upload`: files, folders, patterns and stdin into the store, many at a time, each once."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_store_cli import journal, sources
from image_store_cli.arguments import KINDS, VISIBILITIES, add_command, group, instant, positive
from image_store_cli.errors import UsageError
from image_store_cli.texts import counted
from image_store_cli.tokens import claims_of
from image_store_cli.uploader_pool import UploadRun
from image_store_cli.uploading import Uploader

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from image_store_cli.arguments import Commands
    from image_store_cli.context import Context
    from image_store_cli.exits import Exit

PARALLEL = 4
MOST_PARALLEL = 32
DUPLICATES = ("return_existing", "keep", "reject")
ATTRIBUTES = (
    "kind", "visibility", "title", "alt_text", "category", "tag", "group", "cache_control", "expires_at",
    "on_duplicate",
)  # fmt: skip


def add_to(commands: Commands, common: ArgumentParser) -> None:
    """Add the command."""
    parser = add_command(
        commands, common, "upload", run, summary="upload files, folders or stdin",
        details="Resumes after an interruption when you repeat the command. With --json: one line for each file.",
        examples=(
            "upload a.png b.jpg --tag holiday",
            "upload photos/ --group trip:1 --visibility unlisted",
            "upload - --filename cat.png < a.png",
        ),
    )  # fmt: skip
    parser.add_argument("sources", nargs="+", metavar="PATH", help="file, folder, pattern, or `-` for stdin")
    said = parser.add_argument_group("attributes")
    said.add_argument("--kind", choices=KINDS)
    said.add_argument("--visibility", choices=VISIBILITIES)
    said.add_argument("--filename", metavar="NAME", help="name of a single image")
    said.add_argument("--title")
    said.add_argument("--alt-text")
    said.add_argument("--category")
    said.add_argument("--tag", action="append", metavar="TAG", help="may be repeated")
    said.add_argument("--group", action="append", metavar="TYPE:ID", type=group, help="may be repeated")
    said.add_argument("--cache-control", metavar="VALUE")
    said.add_argument("--expires-at", metavar="TIME", type=instant)
    how = parser.add_argument_group("transfer")
    how.add_argument(
        "--on-duplicate",
        choices=DUPLICATES,
        default=DUPLICATES[0],
        help="for bytes that are stored already: return their image (default), keep both, or fail",
    )
    how.add_argument(
        "--parallel",
        type=positive,
        default=PARALLEL,
        metavar="N",
        help=f"uploads at a time (default: {PARALLEL})",
    )
    how.add_argument("--hidden", action="store_true", help="include files in folders that begin with a dot")
    how.add_argument(
        "--journal", metavar="FILE", help="file that records progress (default: below ~/.local/state)"
    )


def run(context: Context) -> Exit:
    """Upload."""
    args = context.args
    if args.parallel > MOST_PARALLEL:
        raise UsageError(f"At most {MOST_PARALLEL} at a time.")
    with tempfile.TemporaryDirectory(prefix="image-store-") as scratch:
        pictures, bad = _pictures(context, Path(scratch))
        if args.filename and len(pictures) + len(bad) != 1:
            raise UsageError("--filename is for a single image.")
        attributes = attributes_of(context)
        with journal.Journal(_journal_path(context, attributes)) as kept:
            uploader = Uploader(context.api, attributes, sleep=context.sleep)
            return UploadRun(context, uploader, kept, parallel=args.parallel).run(pictures, bad)


def attributes_of(context: Context) -> dict[str, Any]:
    """Collect the attributes for the images; the store chooses the others."""
    given = {name: getattr(context.args, name) for name in ATTRIBUTES}
    return {name: value for name, value in given.items() if value is not None}


def _pictures(context: Context, scratch: Path) -> tuple[list[sources.PictureFile], list[sources.BadFile]]:
    args = context.args
    words = [word for word in args.sources if word != sources.STDIN]
    found = sources.find(words, hidden=args.hidden)
    if found.skipped:
        context.out.note(
            f"Skipped {counted(len(found.skipped), 'file')} of another kind: {_some(found.skipped)}"
        )
    pictures = found.pictures
    if args.filename:
        pictures = [sources.PictureFile(p.path, p.name, args.filename, p.content_type) for p in pictures]
    if len(words) != len(args.sources):
        try:
            pictures.append(sources.from_stdin(scratch, filename=args.filename))
        except UsageError as wrong:
            found.bad.append(sources.BadFile(sources.STDIN, wrong))
    return pictures, found.bad


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _journal_path(context: Context, attributes: dict[str, Any]) -> Path:
    if context.args.journal:
        return Path(context.args.journal)
    claims = claims_of(context.settings.tokens.current())
    named = sorted(str(Path(word).absolute()) for word in context.args.sources)
    return journal.default_path(
        context.environment,
        context.settings.url,
        claims.subject if claims else "",
        repr(sorted(attributes.items())),
        *named,
    )
