"""Times as texts."""

from datetime import datetime


def rfc3339(at: datetime) -> str:
    """A UTC time as responses show it, with milliseconds."""
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
