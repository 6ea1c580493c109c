"""Reads usage counts of providers, which may have any type, be odd, or be missing."""

from collections.abc import Mapping
from dataclasses import dataclass

from image_store.domain.generation.providers import Unit, Usage

MAX_COUNT = 10_000_000
"""More units than one image can take; a larger count is a mistake of the provider."""
_DIGITS = len(str(MAX_COUNT))


@dataclass(frozen=True, slots=True)
class CountedUsage:
    """A usage as far as it could be read."""

    usage: Usage | None
    """None if the provider reported none, or it cannot be read."""
    is_readable: bool = True


def count(value: object) -> int | None:
    """A whole number of units, from 0 to MAX_COUNT; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None
    elif isinstance(value, float):
        value = int(value) if value.is_integer() else None
    return value if isinstance(value, int) and 0 <= value <= MAX_COUNT else None


def read_usage(counts: Mapping[Unit, object] | None) -> CountedUsage:
    """Read the usage that a provider counted. One unreadable count makes the whole usage unreadable."""
    if counts is None:
        return CountedUsage(None)
    usage = {unit: count(value) for unit, value in counts.items() if isinstance(unit, Unit)}
    known = {unit: value for unit, value in usage.items() if value is not None}
    if len(known) < len(counts) or not known:
        return CountedUsage(None, is_readable=False)
    return CountedUsage(known if any(known.values()) else None)
