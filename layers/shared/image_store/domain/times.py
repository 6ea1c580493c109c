"""Instants as texts."""

from datetime import datetime


def rfc3339(at: datetime) -> str:
    """An instant as clients get it: UTC, milliseconds."""
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
