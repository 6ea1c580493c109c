"""Options for the limits of API keys, and the limits of a key as text."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, cast

from image_store_cli.command_line.arguments import positive
from image_store_cli.display.tables import named_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from image_store_client.schemas import KeyLimitsFields

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


def limits_of(args: argparse.Namespace) -> KeyLimitsFields:
    """The limits that were given, as the API has them; null removes one."""
    given = {name: getattr(args, name) for name in LIMITS if getattr(args, name) is not None}
    return cast("KeyLimitsFields", {name: None if value == NONE else value for name, value in given.items()})


def or_none(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """Parse `none`, or what another function parses."""
    return lambda text: NONE if text == NONE else kind(text)


def limit_rows(limits: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The limits of a key as rows of name and text."""
    return named_values("limit of", limits)


def _dollars(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = 0.0
    if not 0 < amount < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount of dollars above 0")
    return amount
