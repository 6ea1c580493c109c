"""Options for the limits of API keys, and what a key has used by day."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.arguments import day, positive
from image_store_cli.command_line.ids import safe_id
from image_store_cli.display.tables import named_values, tables
from image_store_cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from image_store_cli.context import Context

NONE = "none"
"""Removes a limit, or an expiry, from a key."""
LIMITS = (
    "requests_per_minute", "images_per_day", "images_per_month", "bytes_per_day", "bytes_per_month",
    "cost_usd_per_day", "cost_usd_per_month",
)  # fmt: skip
"""The names of limits in the API; options have dashes instead."""


def add_limits(parser: argparse.ArgumentParser, *, removable: bool = False) -> None:
    """Add an option for each limit; `removable` ones also take `none`."""
    options = parser.add_argument_group(
        "limits", f"whoever the key acts for, by UTC{f'; `{NONE}` removes a limit' if removable else ''}"
    )
    for name in LIMITS:
        kind: Callable[[str], Any] = _dollars if name.startswith("cost") else positive
        options.add_argument(
            f"--{name.replace('_', '-')}",
            metavar="USD" if name.startswith("cost") else "N",
            type=or_none(kind) if removable else kind,
        )


def limits_of(args: argparse.Namespace) -> dict[str, Any]:
    """The limits that were given, as the API has them; null removes one."""
    given = {name: getattr(args, name) for name in LIMITS if getattr(args, name) is not None}
    return {name: None if value == NONE else value for name, value in given.items()}


def or_none(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """Parse `none`, or what another function parses."""
    return lambda text: NONE if text == NONE else kind(text)


def limit_rows(limits: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The limits of a key as rows of name and text."""
    return named_values("limit of", limits)


def add_days(parser: argparse.ArgumentParser) -> None:
    """Add the options for the days to show."""
    parser.add_argument("--from", dest="since", metavar="DAY", type=day, help="first day (UTC)")
    parser.add_argument("--to", dest="until", metavar="DAY", type=day, help="day after the last one")


def show_usage(context: Context) -> Exit:
    """Show what a key has used, a row for each day and one for all of them."""
    args = context.args
    path = f"/v1/keys/{safe_id(args.id)}/usage"
    usage = context.api.get(path, **{"from": args.since, "to": args.until})
    rows = [*usage["days"], {"date": "total", **usage["total"]}]
    ((_, table),) = tables("days", rows)
    context.out.document(usage, lambda console: console.print(table))
    return Exit.OK


def _dollars(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = 0.0
    if not 0 < amount < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount of dollars above 0")
    return amount
