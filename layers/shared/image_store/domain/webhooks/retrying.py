"""When an attempt that failed is repeated, and when an endpoint counts as failing for good.

The waits grow from 5 seconds to 12 hours. Each is lengthened by up to a fifth at random, so that events that failed
together do not come back together.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

RETRY_WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
)
"""The shortest wait after each failed attempt; the last one repeats."""
RETRIED_FOR = timedelta(days=3)
"""How long an event is tried again after it was first to be sent."""
FAILING_FOR = timedelta(days=5)
"""An endpoint that accepted nothing for this long is disabled."""

LONGEST_RETRY_AFTER = timedelta(hours=1)
"""An endpoint that asks for a longer wait is tried after this one, so that a mistake of its clock costs no more."""

_LONGEST_JITTER = 0.2
_LONGEST_PAUSE = timedelta(hours=1)

Jitter = Callable[[float], float]
"""Chooses a random number of seconds of at most those given."""


def next_attempt_at(
    tries: int, *, since: datetime, now: datetime, jitter: Jitter, retry_after: timedelta | None = None
) -> datetime | None:
    """When to repeat an event that has failed `tries` times since `since`; None if its time is over.

    An endpoint that asks for a longer wait gets it, up to an hour; no wait is shorter than that of the schedule.
    """
    at = now + max(_wait(tries, jitter), wait_of(retry_after))
    return at if at - since <= RETRIED_FOR else None


def pause_after(failed_rounds: int, *, jitter: Jitter) -> timedelta:
    """How long an endpoint gets no new events after so many rounds of which none was accepted.

    It gets those that failed before meanwhile, each at its time. Once it accepts one of them, the pause is over.
    """
    return min(_wait(failed_rounds, jitter), _LONGEST_PAUSE)


def wait_of(retry_after: timedelta | None) -> timedelta:
    """How long to wait because an endpoint asks for it."""
    return min(retry_after or timedelta(0), LONGEST_RETRY_AFTER)


def is_failing_for_good(failing_since: datetime | None, now: datetime) -> bool:
    """Whether an endpoint has accepted nothing for so long that it is disabled."""
    return failing_since is not None and now - failing_since >= FAILING_FOR


def _wait(failures: int, jitter: Jitter) -> timedelta:
    wait = RETRY_WAITS[min(failures, len(RETRY_WAITS)) - 1]
    return wait + timedelta(seconds=jitter(wait.total_seconds() * _LONGEST_JITTER))
