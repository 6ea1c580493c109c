"""Formats texts for people: untrusted text, sizes, times."""

from __future__ import annotations

import re
from datetime import datetime

# Characters that move a terminal's cursor, reorder others, or are lone surrogates.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_FORMULAS = ("=", "+", "-", "@", "\t", "\n")
_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000


def plain(text: str) -> str:
    """Remove terminal control characters from an untrusted text."""
    return _HARMFUL.sub("�", text)


def escaped(json_text: str) -> str:
    """Write the same characters in a JSON text as `\\uXXXX`; JSON itself escapes only those below a space."""
    return _HARMFUL.sub(lambda match: f"\\u{ord(match[0]):04x}", json_text)


def cell(text: str) -> str:
    """An untrusted text as a cell of a CSV file: a spreadsheet would run one that begins like a formula."""
    shown = plain(text)
    return f"'{shown}" if shown.startswith(_FORMULAS) else shown


def size(count: int) -> str:
    """Bytes in decimal units: `4.2 MB`."""
    value, unit = float(count), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{count} B" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"


def moment(text: str | None) -> str:
    """An RFC 3339 time in the time zone of this machine, to the minute; other texts stay as they are."""
    if not text:
        return ""
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return plain(text)


def plural(number: int, noun: str) -> str:
    """`1 image`, `2 images`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
