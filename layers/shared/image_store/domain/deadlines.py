"""Times until which something waits, and what becomes of those that a clock set which ran ahead.

Whoever writes such a time writes it at most so far ahead as the longest of its kind. One that lies further ahead was
written by a clock that was wrong; it counts as passed, or it would hold up everybody until then.
"""

from datetime import datetime, timedelta

from image_store.domain.images.image import ImageRecord, State
from image_store.domain.images.reservation import LONGEST_RESERVATION

CLOCK_SKEW = timedelta(minutes=1)
"""How far clocks may disagree that are right."""
TOMBSTONE_GRACE = timedelta(hours=1)
"""Far longer than any function or client retry can still be writing."""

_LONGEST_WAITS = {
    State.PENDING: LONGEST_RESERVATION,
    State.DELETING: timedelta(0),
    State.TOMBSTONE: TOMBSTONE_GRACE,
}
"""What READY and TRASHED images wait for, an owner or a deployment decides."""


def has_passed(until: datetime, now: datetime, *, longest: timedelta) -> bool:
    """Whether a time has passed, or lies further ahead than `longest` and so was never meant."""
    return now >= until or is_too_far_ahead(until, now, longest=longest)


def is_too_far_ahead(until: datetime, now: datetime, *, longest: timedelta) -> bool:
    """Whether a time lies so far ahead that only a clock that ran ahead can have set it."""
    return until > now + longest + CLOCK_SKEW


def is_due_too_far_ahead(record: ImageRecord, now: datetime) -> bool:
    """Whether an image waits for a time that was never meant."""
    longest = _LONGEST_WAITS.get(record.state)
    return (
        longest is not None
        and record.due_at is not None
        and is_too_far_ahead(record.due_at, now, longest=longest)
    )


def is_due(record: ImageRecord, now: datetime) -> bool:
    """Whether the time has come for cleanup to take an image further."""
    return (record.due_at is not None and now >= record.due_at) or is_due_too_far_ahead(record, now)
