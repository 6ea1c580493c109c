"""What API keys use, by day (UTC)."""

from dataclasses import dataclass
from datetime import date, timedelta

KEPT_DAYS = 400
"""Usage stays for a little more than a year."""
MAX_DAYS = 366
"""The most days of one answer."""
USUAL_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """One stored image, or one paid call, that counts for an API key."""

    name: str
    """Unique among all uses, so that each is counted once."""
    key_id: str
    on: date
    images: int = 0
    size_bytes: int = 0
    cost_micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDay:
    """What an API key has used in a day."""

    on: date
    requests: int | None = None
    """None if they were not counted: only those of keys with a limit of requests are."""
    images: int = 0
    size_bytes: int = 0
    cost_micros: int = 0


def expiry_of(on: date) -> int:
    """When the rows of a day go, in epoch seconds."""
    return (on + timedelta(days=KEPT_DAYS) - date(1970, 1, 1)) // timedelta(seconds=1)
