"""What one API key may use, whoever it acts for.

The gateway caches who calls, so a change of a limit takes effect within a minute.
"""

from dataclasses import dataclass
from datetime import timedelta

MAX_REQUESTS_PER_MINUTE = 30_000
"""Each request writes the key's row, and DynamoDB takes 1,000 writes of one partition in a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLimits:
    """The limits of a key; None is no limit of its own."""

    requests_per_minute: int | None = None
    images_per_day: int | None = None
    images_per_month: int | None = None
    bytes_per_day: int | None = None
    bytes_per_month: int | None = None
    cost_micros_per_day: int | None = None
    cost_micros_per_month: int | None = None
    """Millionths of a dollar."""


NO_LIMITS = KeyLimits()


@dataclass(frozen=True, slots=True)
class RequestRate:
    """A token bucket for the requests of a key: it holds `per_minute` requests, and is full at first.

    It fills by one request in each interval, and at midnight (UTC). So in any period of T seconds of a day a key
    sends at most `per_minute` + T / `interval` requests.
    """

    per_minute: int

    @property
    def interval(self) -> timedelta:
        """The time in which one request is added; in whole microseconds, rounded up."""
        return timedelta(microseconds=-(-60_000_000 // self.per_minute))

    @property
    def capacity(self) -> timedelta:
        """The time in which an empty bucket fills."""
        return self.per_minute * self.interval
