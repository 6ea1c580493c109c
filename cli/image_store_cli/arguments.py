"""Pieces of argparse that several commands use."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store_cli.context import Context
    from image_store_cli.exits import Exit

KINDS = ("generated", "reference", "upload")
VISIBILITIES = ("private", "unlisted", "public")


class Commands(Protocol):
    """What `add_subparsers` answers."""

    def add_parser(self, name: str, **options: Any) -> argparse.ArgumentParser:
        """Add a command."""


def add_command(
    commands: Commands,
    common: argparse.ArgumentParser,
    name: str,
    run: Callable[[Context], Exit],
    *,
    summary: str,
    details: str = "",
    examples: tuple[str, ...] = (),
    needs_admin: bool = False,
) -> argparse.ArgumentParser:
    """Add a command with the options that all have; an example is what stands after `image-store`."""
    added = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. {details}".strip(),
        epilog="\n".join(["examples:", *(f"  image-store {example}" for example in examples)]),
        parents=[common],
    )
    added.set_defaults(run=run, needs_admin=needs_admin, parser=added)
    return added


def add_filters(parser: argparse.ArgumentParser) -> None:
    """The filters of lists and searches."""
    filters = parser.add_argument_group("filters")
    filters.add_argument("--kind", choices=KINDS)
    filters.add_argument("--visibility", choices=VISIBILITIES)
    filters.add_argument("--group", metavar="TYPE:ID", type=group)
    filters.add_argument("--tag", metavar="TAG")
    filters.add_argument("--model", metavar="MODEL")
    filters.add_argument("--provider", metavar="PROVIDER")
    filters.add_argument("--category", metavar="CATEGORY")
    add_period(filters)


def add_period(filters: argparse._ArgumentGroup) -> None:
    """From when and until when images were stored."""
    filters.add_argument(
        "--from", dest="since", metavar="TIME", type=instant, help="stored at or after this date or time"
    )
    filters.add_argument(
        "--to", dest="until", metavar="TIME", type=instant, help="stored before this date or time"
    )


def filters_of(args: argparse.Namespace) -> dict[str, Any]:
    """The chosen filters as query parameters."""
    names = ("kind", "visibility", "group", "tag", "model", "provider", "category")
    return {name: getattr(args, name) for name in names} | {"from": args.since, "to": args.until}


def add_yes(parser: argparse.ArgumentParser) -> None:
    """The option that answers yes to every question."""
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask for confirmation")


def instant(text: str) -> str:
    """A date, or a time with its zone, as the API takes it; a date is its first instant in UTC."""
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(text), time(), UTC).isoformat()
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a date nor an RFC 3339 time") from None
    return (moment if moment.tzinfo else moment.astimezone()).isoformat()


def day(text: str) -> str:
    """A date as the API takes it."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-01-31") from None


def group(text: str) -> str:
    """A group as `type:id`."""
    kind, colon, name = text.partition(":")
    if not (kind and colon and name):
        raise argparse.ArgumentTypeError(f"{text!r} does not have the form type:id")
    return text


def positive(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def count(text: str) -> int:
    """A whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)
