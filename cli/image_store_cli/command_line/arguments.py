"""Pieces of argparse that several commands use."""

from __future__ import annotations

import argparse
import json
import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from image_store_cli.context import Context
    from image_store_cli.exits import Exit

DUPLICATES = ("return_existing", "keep", "reject")
KINDS = ("generated", "reference", "upload")
PARALLEL = 4
MOST_PARALLEL = 32
VISIBILITIES = ("private", "unlisted", "public")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}


class Commands(Protocol):
    """The result of `add_subparsers`."""

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
    """Add a command with the common options; each example is a command line without `image-store`."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. {details}".strip(),
        epilog="\n".join(["examples:", *(f"  image-store {example}" for example in examples)]),
        parents=[common],
    )
    parser.set_defaults(run=run, needs_admin=needs_admin, parser=parser)
    return parser


def add_command_group(
    commands: Commands,
    name: str,
    *,
    summary: str,
    details: str = "",
    examples: tuple[str, ...],
) -> Commands:
    """Add a command that only has commands of its own, and return where those are added."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. {details}".strip(),
        epilog="\n".join(["examples:", *(f"  image-store {example}" for example in examples)]),
    )
    parser.set_defaults(run=None, parser=parser)
    return parser.add_subparsers(title="commands", metavar="COMMAND")


def add_ids(parser: argparse.ArgumentParser, *, metavar: str = "ID", noun: str = "an image") -> None:
    """Add the argument of one or more ids."""
    parser.add_argument(
        "ids", nargs="+", metavar=metavar, help=f"id of {noun}; `-` reads ids from stdin, one per line"
    )


def add_yes(parser: argparse.ArgumentParser) -> None:
    """Add the option that answers yes to every question."""
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask for confirmation")


def add_waiting(parser: argparse.ArgumentParser, *, noun: str) -> None:
    """Add the options of a command that begins something that takes a while, and waits for its end."""
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the end")
    parser.add_argument(
        "--status", metavar=noun.upper(), help=f"show an earlier {noun}, and wait until it ends"
    )


def add_limit(parser: argparse.ArgumentParser, *, noun: str, default: int) -> None:
    """Add the options that limit how many of a list are shown."""
    parser.add_argument(
        "--limit",
        type=positive,
        default=default,
        metavar="N",
        help=f"maximum number of {noun}s (default: {default})",
    )
    parser.add_argument("--all", action="store_true", help="no maximum")


def add_parallel(parser: argparse._ActionsContainer, *, noun: str, default: int = PARALLEL) -> None:
    """Add the option for how many transfers run at a time."""
    parser.add_argument(
        "--parallel",
        type=at_most(MOST_PARALLEL),
        default=default,
        metavar="N",
        help=f"{noun}s at a time (default: {default})",
    )


def add_shared_attributes(parser: argparse._ActionsContainer) -> None:
    """Add the options of attributes that several images can share."""
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--visibility", choices=VISIBILITIES)
    parser.add_argument("--category")
    parser.add_argument("--tag", action="append", metavar="TAG", help="may be repeated")
    parser.add_argument("--group", action="append", metavar="TYPE:ID", type=group, help="may be repeated")
    parser.add_argument("--cache-control", metavar="VALUE")
    parser.add_argument("--expires-at", metavar="TIME", type=instant)


def add_stack(parser: argparse.ArgumentParser, *, purpose: str = "") -> None:
    """Add the options that name the deployed stack."""
    parser.add_argument("--stack", metavar="NAME", help=f"name of the deployed stack{purpose}")
    parser.add_argument("--region", metavar="REGION", help="region of the deployed stack")


def instant(text: str) -> str:
    """Parse a date or a time for the API; a date becomes its first instant in UTC."""
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(text), time(), UTC).isoformat()
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a date nor an RFC 3339 time") from None
    return (moment if moment.tzinfo else moment.astimezone()).isoformat()


def day(text: str) -> str:
    """Parse a date."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-01-31") from None


def group(text: str) -> str:
    """Parse a group, `type:id`."""
    kind, colon, name = text.partition(":")
    if not (kind and colon and name):
        raise argparse.ArgumentTypeError(f"{text!r} does not have the form type:id")
    return text


def owner(text: str) -> str:
    """Parse an owner; an empty one could be taken for the caller."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the owner is empty")
    return text


def groups_body(names: Iterable[str]) -> dict[str, list[str]]:
    """Groups of the form `type:id` as the API has them: ids by type."""
    groups: dict[str, list[str]] = {}
    for name in names:
        kind, _, member = name.partition(":")
        groups.setdefault(kind, []).append(member)
    return groups


def lifetime(text: str) -> int:
    """Parse a time such as `12h` as seconds."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 30m, 12h or 7d")
    return int(match[1]) * _SECONDS[match[2]]


def json_object(text: str) -> dict[str, Any]:
    """Parse a JSON object."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError('the value must be a JSON object like {"order": 17}')
    return value


def sha256(text: str) -> str:
    """Parse a SHA-256 checksum in hex."""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a SHA-256 checksum of 64 hexadecimal digits")
    return text


def pixel_size(text: str) -> str:
    """Parse a size in pixels, `WIDTHxHEIGHT`."""
    if not re.fullmatch(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size like 1024x1024")
    return text


def positive(text: str) -> int:
    """Parse a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def at_most(most: int) -> Callable[[str], int]:
    """Make a parser of whole numbers from 1 to `most`."""

    def parse(text: str) -> int:
        number = positive(text)
        if number > most:
            raise argparse.ArgumentTypeError(f"must be at most {most}")
        return number

    return parse


def count(text: str) -> int:
    """Parse a whole number of at least 0, also with commas as the help writes them: `1,000,000`."""
    digits = text.replace(",", "") if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", text) else text
    if not digits.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(digits)


def number(text: str) -> float:
    """Parse a number of at least 0, such as 0.25."""
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0 like 0.25")
    return float(text)


def percent(text: str) -> float:
    """Parse a number from 0 to 100."""
    if number(text) > 100:
        raise argparse.ArgumentTypeError("must be at most 100")
    return number(text)


FILTERS: dict[str, dict[str, Any]] = {
    "kind": {"choices": KINDS},
    "visibility": {"choices": VISIBILITIES},
    "group": {"metavar": "TYPE:ID", "type": group},
    "owner": {"metavar": "OWNER", "type": owner, "help": "only images of this owner"},
    "tag": {"metavar": "TAG"},
    "model": {"metavar": "MODEL"},
    "provider": {"metavar": "PROVIDER"},
    "category": {"metavar": "CATEGORY"},
    "from": {"metavar": "TIME", "type": instant, "help": "stored at or after this date or time"},
    "to": {"metavar": "TIME", "type": instant, "help": "stored before this date or time"},
}
"""The options of filters, by query parameter."""

CLIENT_NAMES = {"from": "since", "to": "until"}
FEED_FILTERS = ("group", "owner", "from", "to")
LIST_FILTERS = tuple(name for name in FILTERS if name != "owner")


def add_filters(parser: argparse.ArgumentParser, names: Collection[str] = LIST_FILTERS) -> None:
    """Add options for filters of `FILTERS`."""
    options = parser.add_argument_group("filters")
    for name, option in FILTERS.items():
        if name in names:
            options.add_argument(f"--{name.replace('_', '-')}", dest=_attribute(name), **option)


def filters_of(args: argparse.Namespace, names: Collection[str] = LIST_FILTERS) -> dict[str, Any]:
    """The values of these filters, by the names that the Python client has for them."""
    return {CLIENT_NAMES.get(name, name): getattr(args, _attribute(name)) for name in names}


def _attribute(name: str) -> str:
    return f"filter_{name}"
